import type { GroupSpec, RuleSpec } from '../../../host-api/spec.ts'
import type { GroupId } from '../../../model/ids.ts'
import { disjoint, isNetwork } from './ipv4.ts'
import { disjoint6, isNetwork6 } from './ipv6.ts'
import { accepts, type GroupRules, type Lines, portMaps, type Service } from './port-maps.ts'
import type { Chain, NamedSet } from './ruleset.ts'

type Direction = RuleSpec['direction']

/** The chain that accepts what the group lets in or out, and returns for everything else. */
export function groupChain(group: GroupId, direction: Direction): string {
  return `${group}-${direction}`
}

/** Chains that every group may lead to: what comes from everywhere needs no set. */
export const everywhereChains: Readonly<Record<string, Chain>> = {
  'any-ipv4': { rules: ['meta nfproto ipv4 accept'] },
  'any-ipv6': { rules: ['meta nfproto ipv6 accept'] },
}

/**
 * Rules of the groups in `used`. A packet is led by its protocol, then by its port, to the few lines that speak of it, so
 * that it costs the same with one rule or a thousand. Rules with the same protocol and ports share a line for all their
 * networks, whose set grows instead, and have one for each group they name. A group that `groups` does not tell becomes nothing.
 */
export function groupRules(groups: readonly GroupSpec[], used: ReadonlySet<GroupId>): GroupRules {
  const known = new Map(groups.map((it) => [it.id, it]))
  const parts = groups
    .filter((it) => used.has(it.id))
    .flatMap((it) => [directed(it, 'ingress', known), directed(it, 'egress', known)])
  return {
    chains: Object.assign({}, ...parts.map((it) => it.chains)),
    sets: Object.assign({}, ...parts.map((it) => it.sets)),
  }
}

function directed(group: GroupSpec, direction: Direction, known: ReadonlyMap<GroupId, GroupSpec>): GroupRules {
  const sets: Record<string, NamedSet> = {}
  const lines = byService(group.rules.filter((it) => it.direction === direction))
    .map(([service, same]): Lines => ({ service, peers: peersOf(group, direction, { service, same, known, sets }) }))
    .filter((it) => it.peers.length > 0)
  return dispatched(groupChain(group.id, direction), lines, sets)
}

/** A chain for every protocol, and one for each that rules name, found by a map. */
function dispatched(name: string, lines: readonly Lines[], sets: Record<string, NamedSet>): GroupRules {
  const rules = lines.filter((it) => it.service.protocol === 'all').flatMap(accepts)
  const byProtocol = Map.groupBy(
    lines.filter((it) => it.service.protocol !== 'all'),
    (it) => it.service.protocol,
  )
  if (byProtocol.size === 0) return { chains: { [name]: { rules } }, sets }
  const parts = [...byProtocol].map(([protocol, same]) => portMaps(`${name}-${protocol}`, same))
  const elements = [...byProtocol.keys()].map((it) => `${it} : jump ${name}-${it}`).sort()
  const protocols: NamedSet = { kind: 'map', type: 'type inet_proto : verdict;', elements }
  return {
    chains: Object.assign(
      { [name]: { rules: [...rules, `meta l4proto vmap @${name}-protocols`] } },
      ...parts.map((it) => it.chains),
    ),
    sets: Object.assign(sets, { [`${name}-protocols`]: protocols }, ...parts.map((it) => it.sets)),
  }
}

interface Speakers {
  readonly service: Service
  readonly same: readonly RuleSpec[]
  readonly known: ReadonlyMap<GroupId, GroupSpec>
  /** Where the sets go that the lines name. */
  readonly sets: Record<string, NamedSet>
}

function peersOf(group: GroupSpec, direction: Direction, { service, same, known, sets }: Speakers): string[] {
  const side = direction === 'ingress' ? 'saddr' : 'daddr'
  const networks = same.flatMap(({ peer }) => ('cidr' in peer ? [peer.cidr] : []))
  const name = `${group.id}-${direction}-${service.key}`
  const found = [
    networkLine(disjoint(networks.filter(isNetwork)), name, { family: 'ipv4', field: `ip ${side}`, sets }),
    networkLine(disjoint6(networks.filter(isNetwork6)), `${name}-v6`, { family: 'ipv6', field: `ip6 ${side}`, sets }),
    ...peers(same, known).flatMap((it) => memberLines(it, side, sets)),
  ].filter((it) => it !== undefined && isSpokenBy(service.protocol, it)) as string[]
  return found.includes(everywhere.ipv4) && found.includes(everywhere.ipv6) ? [''] : found
}

/** ICMP is of one version of IP, and its other version of the other. */
function isSpokenBy(protocol: RuleSpec['protocol'], peer: string): boolean {
  const ofSix = peer.startsWith('ip6 ') || peer === everywhere.ipv6
  return (protocol !== 1 || !ofSix) && (protocol !== 58 || ofSix)
}

const everywhere = { ipv4: 'meta nfproto ipv4', ipv6: 'meta nfproto ipv6' } as const

interface NetworkField {
  readonly family: keyof typeof everywhere
  readonly field: string
  readonly sets: Record<string, NamedSet>
}

function networkLine(networks: readonly string[], name: string, at: NetworkField): string | undefined {
  const { family, field, sets } = at
  if (networks.length === 0) return undefined
  if (networks[0]?.endsWith('/0')) return everywhere[family]
  const type = family === 'ipv4' ? 'ipv4_addr' : 'ipv6_addr'
  sets[name] = { kind: 'set', type: `type ${type}; flags interval;`, elements: networks }
  return `${field} @${name}`
}

/** Members' addresses of IPv4 in one set, those of IPv6, where there are any, in another. */
function memberLines({ id, members }: GroupSpec, side: string, sets: Record<string, NamedSet>): string[] {
  const [six, four] = [true, false].map((is) => [...new Set(members.filter((it) => it.includes(':') === is))].sort())
  sets[`${id}-members`] = { kind: 'set', type: 'type ipv4_addr;', elements: four! } // two lists, from two truths
  if (six!.length === 0) return [`ip ${side} @${id}-members`]
  sets[`${id}-members-v6`] = { kind: 'set', type: 'type ipv6_addr;', elements: six! }
  return [`ip ${side} @${id}-members`, `ip6 ${side} @${id}-members-v6`]
}

function byService(rules: readonly RuleSpec[]): [Service, RuleSpec[]][] {
  const byKey = Map.groupBy(rules, (it) => serviceOf(it).key)
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, same]) => [serviceOf(same[0]!), same]) // never empty
}

const tcp = 6
const udp = 17
const icmpNames = new Map<number | 'all', string>([
  [1, 'icmp'],
  [58, 'icmpv6'],
])

function serviceOf({ protocol, range }: RuleSpec): Service {
  if (protocol === 'all') return { key: 'all', protocol, match: '' }
  const whole = { key: `${protocol}`, protocol, match: '' }
  if (!range) return whole
  const key = `${protocol}-${range.from}-${range.to}`.replaceAll('--1', '-any')
  if (protocol === tcp || protocol === udp) {
    return range.from === 0 && range.to === 65_535 ? whole : { key, protocol, ports: range, match: '' }
  }
  const icmp = icmpNames.get(protocol)
  if (!icmp || range.from === -1) return whole
  const code = range.to === -1 ? '' : ` ${icmp} code ${range.to}`
  return { key, protocol, match: `${icmp} type ${range.from}${code}` }
}

function peers(rules: readonly RuleSpec[], known: ReadonlyMap<GroupId, GroupSpec>): GroupSpec[] {
  const ids = new Set(rules.flatMap(({ peer }) => ('group' in peer ? [peer.group] : [])))
  return [...ids].sort().flatMap((it) => known.get(it) ?? [])
}
