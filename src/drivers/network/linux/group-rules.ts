import type { GroupSpec, RuleSpec } from '../../../host-api/spec.ts'
import type { GroupId } from '../../../model/ids.ts'
import { disjoint, isNetwork } from './ipv4.ts'
import type { Chain, NamedSet } from './ruleset.ts'

type Direction = RuleSpec['direction']

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
 * Rules of the groups in `used`. Rules with the same protocol and ports share one rule for all their networks, whose
 * set grows instead, and one for each group they name. No IPv6 passes yet, so networks of IPv6 become nothing; so does
 * a group that `groups` does not tell.
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
  const rules: string[] = []
  const field = direction === 'ingress' ? 'ip saddr' : 'ip daddr'
  for (const [service, same] of byService(group.rules.filter((it) => it.direction === direction))) {
    const networks = disjoint(same.flatMap(({ peer }) => ('cidr' in peer && isNetwork(peer.cidr) ? [peer.cidr] : [])))
    const name = `${group.id}-${direction}-${service.key}`
    if (networks.length > 0 && !isEverything(networks)) sets[name] = networkSet(networks)
    if (networks.length > 0) rules.push(accept(service.match, isEverything(networks) ? '' : `${field} @${name}`))
    for (const peer of peers(same, known)) {
      sets[memberSet(peer.id)] = { kind: 'set', type: 'type ipv4_addr;', elements: [...new Set(peer.members)].sort() }
      rules.push(accept(service.match, `${field} @${memberSet(peer.id)}`))
    }
  }
  return { chains: { [groupChain(group.id, direction)]: { rules } }, sets }
}

function byService(rules: readonly RuleSpec[]): [Service, RuleSpec[]][] {
  const byKey = Map.groupBy(rules, (it) => service(it).key)
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, same]) => [service(same[0]!), same]) // never empty
}

interface Service {
  readonly key: string
  /** What a packet must look like, in nft's words; empty for every packet. */
  readonly match: string
}

const tcp = 6
const udp = 17
const icmp = 1

function service({ protocol, range }: RuleSpec): Service {
  if (protocol === 'all') return { key: 'all', match: '' }
  const whole = { key: `${protocol}`, match: `meta l4proto ${protocol}` }
  if (!range) return whole
  const key = `${protocol}-${range.from}-${range.to}`.replaceAll('--1', '-any')
  if (protocol === tcp || protocol === udp) {
    return { key, match: `meta l4proto ${protocol} th dport ${range.from}-${range.to}` }
  }
  if (protocol !== icmp || range.from === -1) return whole
  const code = range.to === -1 ? '' : ` icmp code ${range.to}`
  return { key, match: `icmp type ${range.from}${code}` }
}

function peers(rules: readonly RuleSpec[], known: ReadonlyMap<GroupId, GroupSpec>): GroupSpec[] {
  const ids = new Set(rules.flatMap(({ peer }) => ('group' in peer ? [peer.group] : [])))
  return [...ids].sort().flatMap((it) => known.get(it) ?? [])
}

function memberSet(group: GroupId): string {
  return `${group}-members`
}

function networkSet(networks: readonly string[]): NamedSet {
  return { kind: 'set', type: 'type ipv4_addr; flags interval;', elements: networks }
}

function isEverything(networks: readonly string[]): boolean {
  return networks[0] === '0.0.0.0/0'
}

function accept(...matches: readonly string[]): string {
  return [...matches, 'accept'].filter((it) => it !== '').join(' ')
}
