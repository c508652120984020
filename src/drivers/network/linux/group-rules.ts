import type { GroupSpec, RuleSpec } from '../../../host-api/spec.ts'
import type { GroupId } from '../../../model/ids.ts'
import { disjoint, isNetwork } from './ipv4.ts'
import { disjoint6, isNetwork6 } from './ipv6.ts'
import { everyPort, type Ports, pieces } from './ports.ts'
import type { Chain, NamedSet } from './ruleset.ts'

type Direction = RuleSpec['direction']
type Protocol = RuleSpec['protocol']

/** The chains and sets that security groups become; every vif of a group jumps to the same chain. */
export interface GroupRules {
  readonly chains: Readonly<Record<string, Chain>>
  readonly sets: Readonly<Record<string, NamedSet>>
}

/** The chain that accepts what the group lets in or out, and returns for everything else. */
export function groupChain(group: GroupId, direction: Direction): string {
  return `${group}-${direction}`
}

/**
 * Rules of the groups in `used`. A packet is led by its protocol to a few lines, and found there in one set of ports and
 * networks, so that it costs the same with one rule or a thousand; each group that rules name adds a line. There are no
 * chains but those of groups and protocols: with every change the kernel walks all chains by all ways that lead there. A group
 * that `groups` does not tell becomes nothing.
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
  const name = groupChain(group.id, direction)
  const sets: Record<string, NamedSet> = {}
  const byProtocol = Map.groupBy(
    group.rules.filter((it) => it.direction === direction),
    (it) => it.protocol,
  )
  const all = byProtocol.get('all') ?? []
  const rules = linesOf({ name: `${name}-all`, protocol: 'all', rules: all, direction, known, sets })
  const chains: Record<string, Chain> = {}
  for (const [protocol, same] of [...byProtocol].sort(([a], [b]) => Number(a) - Number(b))) {
    if (protocol === 'all') continue
    const within = `${name}-${protocol}`
    const lines = linesOf({ name: within, protocol, rules: same, direction, known, sets })
    if (lines.length > 0) chains[within] = { rules: lines }
  }
  if (Object.keys(chains).length > 0) {
    rules.push(`meta l4proto vmap @${name}-protocols`)
    const elements = Object.keys(chains).map((it) => `${it.slice(name.length + 1)} : jump ${it}`)
    sets[`${name}-protocols`] = { kind: 'map', type: 'type inet_proto : verdict;', elements }
  }
  return { chains: { [name]: { rules }, ...chains }, sets }
}

/** Rules of one protocol, and what they need. */
interface Part {
  readonly name: string
  readonly protocol: Protocol
  readonly rules: readonly RuleSpec[]
  readonly direction: Direction
  readonly known: ReadonlyMap<GroupId, GroupSpec>
  /** Where the sets go that the lines name. */
  readonly sets: Record<string, NamedSet>
}

function linesOf(part: Part): string[] {
  return part.protocol === 6 || part.protocol === 17
    ? [...portLines(part, 'ipv4'), ...portLines(part, 'ipv6'), ...portsOfGroups(part)]
    : matchLines(part)
}

const families = {
  ipv4: { six: false, type: 'ipv4_addr', field: 'ip', suffix: '', disjoint, isNetwork },
  ipv6: { six: true, type: 'ipv6_addr', field: 'ip6', suffix: '-v6', disjoint: disjoint6, isNetwork: isNetwork6 },
} as const
type Family = keyof typeof families

/** Ports and networks in one set, or no set where all of them mean everybody and every port. */
function portLines({ name, rules, direction, sets }: Part, family: Family): string[] {
  const { field, type, suffix, disjoint, isNetwork } = families[family]
  const wanted = rules.flatMap((it) =>
    'cidr' in it.peer && isNetwork(it.peer.cidr) ? [{ ...it, at: it.peer.cidr }] : [],
  )
  const elements = pieces(wanted.map((it) => ({ ports: it.range ?? everyPort, of: it.at }))).flatMap(({ ports, of }) =>
    disjoint(of).map((network) => `${portText(ports)} . ${network}`),
  )
  if (elements.length === 0) return []
  if (elements.length === 1 && /^0-65535 \. .*\/0$/.test(elements[0]!)) return [`meta nfproto ${family} accept`]
  const set = `${name}${suffix}`
  sets[set] = { kind: 'set', type: `type inet_service . ${type}; flags interval;`, elements }
  return [`th dport . ${field} ${sideOf(direction)} @${set} accept`]
}

function portsOfGroups(part: Part): string[] {
  return peersOf(part).flatMap(({ group, rules }) => {
    const ports = pieces(rules.map((it) => ({ ports: it.range ?? everyPort, of: '' }))).map((it) => portText(it.ports))
    const everywhere = ports.length === 1 && ports[0] === portText(everyPort)
    const set = `${part.name}-${group.id}`
    if (!everywhere) part.sets[set] = { kind: 'set', type: 'type inet_service; flags interval;', elements: ports }
    return members(group, part).map((it) => `${it}${everywhere ? '' : ` th dport @${set}`} accept`)
  })
}

/** Rules without ports: those that ask the same of a packet share a line for their networks. */
function matchLines(part: Part): string[] {
  const bySign = Map.groupBy(part.rules, (it) => signOf(it).key)
  return [...bySign]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, rules]) => {
      const { match } = signOf(rules[0]!) // groups are made of what is in them
      const here = { ...part, rules, name: key === '' ? part.name : `${part.name}-${key}` }
      const speakers = [
        ...networkLine(here, 'ipv4'),
        ...networkLine(here, 'ipv6'),
        ...peersOf(here).flatMap(({ group }) => members(group, here)),
      ]
      return speakers.map((it) => [match, it, 'accept'].filter((word) => word !== '').join(' '))
    })
}

function networkLine({ name, protocol, rules, direction, sets }: Part, family: Family): string[] {
  const { field, type, suffix, disjoint, isNetwork } = families[family]
  const networks = disjoint(
    rules.flatMap(({ peer }) =>
      'cidr' in peer && isNetwork(peer.cidr) && speaks(protocol, family) ? [peer.cidr] : [],
    ),
  )
  if (networks.length === 0) return []
  if (networks[0]?.endsWith('/0')) return [`meta nfproto ${family}`]
  sets[`${name}${suffix}`] = { kind: 'set', type: `type ${type}; flags interval;`, elements: networks }
  return [`${field} ${sideOf(direction)} @${name}${suffix}`]
}

/** Members' addresses of IPv4 in one set, those of IPv6, where there are any, in another. */
function members({ id, members: all }: GroupSpec, { protocol, direction, sets }: Part): string[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const { six, type, field, suffix } = families[family]
    const elements = membersOf(all, six)
    if (!speaks(protocol, family) || (six && elements.length === 0)) return []
    sets[`${id}-members${suffix}`] = { kind: 'set', type: `type ${type};`, elements }
    return [`${field} ${sideOf(direction)} @${id}-members${suffix}`]
  })
}

/** Sorted once for each list: it is the same list for every rule that names the group, and from spec to spec. */
function membersOf(all: readonly string[], six: boolean): readonly string[] {
  const known = sortedMembers.get(all)
  const sorted = known ?? [false, true].map((is) => [...new Set(all.filter((it) => it.includes(':') === is))].sort())
  if (!known) sortedMembers.set(all, sorted)
  return sorted[six ? 1 : 0] ?? []
}

const sortedMembers = new WeakMap<readonly string[], readonly (readonly string[])[]>()

/** The known groups that rules name, each with these rules. */
function peersOf({ rules, known }: Part): { group: GroupSpec; rules: RuleSpec[] }[] {
  const byGroup = Map.groupBy(rules, ({ peer }) => ('group' in peer ? peer.group : undefined))
  return [...byGroup]
    .flatMap(([id, same]) => (id === undefined ? [] : [{ group: known.get(id), rules: same }]))
    .flatMap(({ group, rules: same }) => (group ? [{ group, rules: same }] : []))
    .sort((a, b) => (a.group.id < b.group.id ? -1 : 1))
}

/** ICMP is of one version of IP, and its other version of the other. */
function speaks(protocol: Protocol, family: Family): boolean {
  return protocol === 1 ? family === 'ipv4' : protocol !== 58 || family === 'ipv6'
}

const icmpNames = new Map<Protocol, string>([
  [1, 'icmp'],
  [58, 'icmpv6'],
])

/** What a packet of the protocol must look like besides, in nft's words; empty for every packet. */
function signOf({ protocol, range }: RuleSpec): { key: string; match: string } {
  const icmp = icmpNames.get(protocol)
  if (!icmp || !range || range.from === -1) return { key: '', match: '' }
  if (range.to === -1) return { key: `${range.from}`, match: `${icmp} type ${range.from}` }
  return { key: `${range.from}-${range.to}`, match: `${icmp} type ${range.from} ${icmp} code ${range.to}` }
}

function sideOf(direction: Direction): string {
  return direction === 'ingress' ? 'saddr' : 'daddr'
}

function portText({ from, to }: Ports): string {
  return from === to ? `${from}` : `${from}-${to}`
}
