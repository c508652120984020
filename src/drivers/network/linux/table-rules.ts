import { isSix } from '../../../base/ipv6.ts'
import type { RouterSpec } from '../../../host-api/spec.ts'
import { peerWireName, tapName } from './names.ts'
import { addressesOfVif } from './router-links.ts'
import { emptyTable, type Ruleset, type Table } from './ruleset.ts'

/**
 * Which table of routes a packet is looked up in: that of its subnet. From a tap the tap says it, whoever the packet says it is
 * from; from another host its source does, so that both hosts take the same way. From a wire none does: it leads to guests alone.
 *
 * From a wire comes only what is from the VPC at its other end: a guest there that forwards for others could pass for one of ours.
 * What only passes through, from a wire to another host, is seen in one direction here: tracking it would find it invalid.
 *
 * The same for both versions of IP, each in a table of its own; that of IPv6 is empty where the VPC has no such addresses.
 */
export function tableRules(spec: RouterSpec): Ruleset {
  const six = spec.cidrs.some(isSix)
  return { 'ip tables': tableOf(spec, 'ip'), 'ip6 tables': six ? tableOf(spec, 'ip6') : emptyTable }
}

type Family = keyof typeof types
const types = { ip: 'ipv4_addr', ip6: 'ipv6_addr' } as const

function tableOf({ tables, vifs, subnets, wires }: RouterSpec, family: Family): Table {
  const type = types[family]
  const ours = (it: string) => isSix(it) === (family === 'ip6')
  const numbers = new Map(tables.flatMap((it) => it.sources.map((cidr) => [cidr, it.number] as const)))
  const cidrs = new Map(subnets.map((it) => [it.id, it.cidr]))
  const taps = vifs.flatMap((it) => {
    const number = numbers.get(cidrs.get(it.subnet) ?? '')
    return number === undefined ? [] : [`"${tapName(it.id)}" : ${markOf(number)}`]
  })
  const here = vifs.flatMap((it) => [...addressesOfVif(it), ...(it.ipv6 ?? [])]).filter(ours)
  const theirs = wires.flatMap((it) => it.sources.filter(ours).map((cidr) => `"${peerWireName(it.id)}" . ${cidr}`))
  return {
    sets: {
      taps: { kind: 'map', type: 'type ifname : mark;', elements: taps.sort() },
      sources: sourceMap(tables, family),
      here: { kind: 'set', type: `type ${type};`, elements: here.sort() },
      peers: { kind: 'set', type: `type ifname . ${type}; flags interval;`, elements: theirs.sort() },
      wires: { kind: 'set', type: 'type ifname;', elements: wires.map((it) => `"${peerWireName(it.id)}"`).sort() },
    },
    chains: {
      transit: {
        hook: 'type filter hook prerouting priority -300; policy accept;',
        rules: [
          `iifname @wires iifname . ${family} saddr != @peers drop`,
          `iifname @wires ${family} daddr != @here notrack`,
        ],
      },
      choice: {
        hook: 'type filter hook prerouting priority -140; policy accept;',
        rules: [`iifname "overlay" meta mark set ${family} saddr map @sources`, 'meta mark set iifname map @taps'],
      },
    },
  }
}

/** From a source to the mark of its table. */
export function sourceMap(
  tables: readonly { readonly number: number; readonly sources: readonly string[] }[],
  family: Family = 'ip',
) {
  const elements = tables.flatMap((it) =>
    it.sources.filter((cidr) => isSix(cidr) === (family === 'ip6')).map((cidr) => `${cidr} : ${markOf(it.number)}`),
  )
  return { kind: 'map', type: `type ${types[family]} : mark; flags interval;`, elements: elements.sort() } as const
}

function markOf(number: number): string {
  return `0x${number.toString(16).padStart(8, '0')}`
}
