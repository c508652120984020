import type { AclRuleSpec, AclSpec, RouterSpec, SubnetSpec, VifSpec } from '../../../host-api/spec.ts'
import type { Chain, NamedSet } from './ruleset.ts'

type Vif = Pick<VifSpec, 'subnet'> & { readonly tap: string }

interface AclRules {
  readonly chains: Readonly<Record<string, Chain>>
  readonly sets: Readonly<Record<string, NamedSet>>
}

/**
 * Packets between a subnet and the rest of the world are held against the ACL of the subnet, both ways and each by itself:
 * before anything is known of connections, where its guest is. A map leads from the tap to its subnet's chain, so that a packet
 * meets the entries of two ACLs and no more, however many guests there are. Nothing is looked at where no subnet has an ACL.
 */
export function aclRules({ acls = [], subnets }: RouterSpec, vifs: readonly Vif[]): AclRules {
  const known = new Map(acls.map((it) => [it.id, it]))
  const guarded = subnets.filter((it) => it.acl !== undefined && known.has(it.acl))
  if (guarded.length === 0) return { chains: {}, sets: {} }
  const ids = new Set(guarded.map((it) => it.id))
  const taps = vifs.filter((it) => ids.has(it.subnet))
  return {
    sets: { 'acl-from': byTap(taps, 'egress'), 'acl-to': byTap(taps, 'ingress') },
    chains: {
      acl: {
        hook: 'type filter hook forward priority -10; policy accept;',
        rules: ['iifname vmap @acl-from', 'oifname vmap @acl-to'],
      },
      'acl-objects-from': {
        hook: 'type filter hook input priority -10; policy accept;',
        rules: ['ip daddr @objects iifname vmap @acl-from'],
      },
      'acl-objects-to': {
        hook: 'type filter hook output priority -10; policy accept;',
        rules: ['ip saddr @objects oifname vmap @acl-to'],
      },
      ...Object.assign({}, ...guarded.map((it) => boundaryChains(it.id, it))),
      ...aclChains(acls),
    },
  }
}

type Direction = AclRuleSpec['direction']

function byTap(taps: readonly Vif[], direction: Direction): NamedSet {
  const elements = taps.map((it) => `"${it.tap}" : jump ${it.subnet}-${direction}`)
  return { kind: 'map', type: 'type ifname : verdict;', elements }
}

/** For each direction a chain, `<id>-<direction>`, to jump to. What stays within the subnet passes no boundary. */
export function boundaryChains(
  id: string,
  { cidr, ipv6, acl }: Pick<SubnetSpec, 'cidr' | 'ipv6' | 'acl'>,
): Record<string, Chain> {
  const chain = (direction: Direction): Chain => {
    const within = [`ip ${otherSide(direction)} ${cidr} return`]
    if (ipv6) within.push(`ip6 ${otherSide(direction)} ${ipv6.cidr} return`)
    return { rules: [...within, `goto ${acl}-${direction}`] }
  }
  return { [`${id}-egress`]: chain('egress'), [`${id}-ingress`]: chain('ingress') }
}

/** What boundaries go on to. */
export function aclChains(acls: readonly AclSpec[]): Record<string, Chain> {
  const chains = acls.map(({ id, rules }) => ({
    [`${id}-egress`]: entries(rules, 'egress'),
    [`${id}-ingress`]: entries(rules, 'ingress'),
  }))
  return Object.assign({}, ...chains)
}

/** What an entry allows goes on to whatever else there is; what none speaks of is dropped. */
function entries(rules: readonly AclRuleSpec[], direction: Direction): Chain {
  const own = rules.filter((it) => it.direction === direction)
  return { rules: [...own.flatMap(entry), 'drop'] }
}

function entry({ action, protocol, range, cidr, direction }: AclRuleSpec): string[] {
  const six = cidr.includes(':')
  if ((protocol === 1 && six) || (protocol === 58 && !six)) return []
  const network = cidr.endsWith('/0')
    ? `meta nfproto ${six ? 'ipv6' : 'ipv4'}`
    : `${six ? 'ip6' : 'ip'} ${otherSide(direction)} ${cidr}`
  const parts = [service(protocol, range), network, action === 'allow' ? 'return' : 'drop']
  return [parts.filter((it) => it !== '').join(' ')]
}

function service(protocol: AclRuleSpec['protocol'], range: AclRuleSpec['range']): string {
  if (protocol === 'all') return ''
  if (protocol !== 1 && protocol !== 58) {
    return `meta l4proto ${protocol}${range ? ` th dport ${range.from}-${range.to}` : ''}`
  }
  if (!range || range.from === -1) return `meta l4proto ${protocol}`
  const icmp = protocol === 1 ? 'icmp' : 'icmpv6'
  return `${icmp} type ${range.from}${range.to === -1 ? '' : ` ${icmp} code ${range.to}`}`
}

function otherSide(direction: Direction): string {
  return direction === 'ingress' ? 'saddr' : 'daddr'
}
