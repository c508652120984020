import type { RouterSpec } from '../../../host-api/spec.ts'
import { peerWireName, tapName } from './names.ts'
import { addressesOfVif } from './router-links.ts'
import type { Table } from './ruleset.ts'

/**
 * Which table of routes a packet is looked up in: that of its subnet. From a tap the tap says it, whoever the packet says it is
 * from; from another host its source does, so that both hosts take the same way. From a wire none does: it leads to guests alone.
 *
 * From a wire comes only what is from the VPC at its other end: a guest there that forwards for others could pass for one of ours.
 * What only passes through, from a wire to another host, is seen in one direction here: tracking it would find it invalid.
 */
export function tableRules({ tables, vifs, subnets, wires }: RouterSpec): Table {
  const numbers = new Map(tables.flatMap((it) => it.sources.map((cidr) => [cidr, it.number] as const)))
  const cidrs = new Map(subnets.map((it) => [it.id, it.cidr]))
  const taps = vifs.flatMap((it) => {
    const number = numbers.get(cidrs.get(it.subnet) ?? '')
    return number === undefined ? [] : [`"${tapName(it.id)}" : ${markOf(number)}`]
  })
  return {
    counters: [],
    sets: {
      taps: { kind: 'map', type: 'type ifname : mark;', elements: taps.sort() },
      sources: sourceMap(tables),
      here: { kind: 'set', type: 'type ipv4_addr;', elements: vifs.flatMap(addressesOfVif).sort() },
      peers: {
        kind: 'set',
        type: 'type ifname . ipv4_addr; flags interval;',
        elements: wires.flatMap(({ id, sources }) => sources.map((it) => `"${peerWireName(id)}" . ${it}`)).sort(),
      },
      wires: { kind: 'set', type: 'type ifname;', elements: wires.map((it) => `"${peerWireName(it.id)}"`).sort() },
    },
    chains: {
      transit: {
        hook: 'type filter hook prerouting priority -300; policy accept;',
        rules: ['iifname @wires iifname . ip saddr != @peers drop', 'iifname @wires ip daddr != @here notrack'],
      },
      choice: {
        hook: 'type filter hook prerouting priority -140; policy accept;',
        rules: ['iifname "overlay" meta mark set ip saddr map @sources', 'meta mark set iifname map @taps'],
      },
    },
  }
}

/** From a source to the mark of its table. */
export function sourceMap(tables: readonly { readonly number: number; readonly sources: readonly string[] }[]) {
  const elements = tables.flatMap((it) => it.sources.map((cidr) => `${cidr} : ${markOf(it.number)}`))
  return { kind: 'map', type: 'type ipv4_addr : mark; flags interval;', elements: elements.sort() } as const
}

function markOf(number: number): string {
  return `0x${number.toString(16).padStart(8, '0')}`
}
