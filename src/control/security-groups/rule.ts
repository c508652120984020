import type { IpPermission, SecurityGroupRule } from '@aws-sdk/client-ec2'
import type { RuleSpec } from '../../host-api/spec.ts'
import type { AccountId, GroupId, ResourceId, VpcId } from '../../model/ids.ts'
import type { PrefixListId } from '../prefix-lists/find.ts'
import { protocolName, type Range } from './protocols.ts'

/** One thing that a security group allows: one protocol, one range, one peer. Two rules are the same if `canonical` is. */
export interface Rule {
  readonly direction: 'ingress' | 'egress'
  readonly protocol: number | 'all'
  /** Ports, or ICMP's type and code (-1 for any): of TCP, UDP and ICMP always, of no other. */
  readonly range?: Range
  readonly peer: Peer
  readonly description?: string
}

export type PeeringId = ResourceId<'vpc-peering-connection'>

/** Where traffic comes from, or goes to. Ranges, of IPv4 or IPv6, have no bits set behind their prefix. */
export type Peer =
  | { readonly cidr: string }
  | {
      readonly group: GroupId
      readonly account: AccountId
      /** Of a group in another VPC: that, and the peering by which it was named. */
      readonly over?: { readonly vpc: VpcId; readonly peering: PeeringId }
    }
  | { readonly prefixList: PrefixListId }

/** All that makes a rule what it is, in one text; its description is not part of it. */
export function canonical({ direction, protocol, range, peer }: Rule): string {
  const service = range ? `${protocol} ${range.from} ${range.to}` : `${protocol}`
  return `${direction} ${service} ${peerName(peer)}`
}

function peerName(peer: Peer): string {
  return 'group' in peer ? peer.group : 'cidr' in peer ? peer.cidr : peer.prefixList
}

function isIpv6(peer: Peer): boolean {
  return 'cidr' in peer && peer.cidr.includes(':')
}

/**
 * The rule as EC2's errors name it: `peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW`.
 * Source: errors of EC2 quoted in public, of TCP, UDP, ALL, and of ICMP with `type: ALL, code: ALL`. Guess: all others.
 */
export function ruleText({ protocol, range, peer }: Rule): string {
  const [name, isIcmp] = [protocolName(protocol), protocol === 1 || protocol === 58]
  const said = protocol === 'all' ? 'ALL' : name.toUpperCase()
  if (!range) return `peer: ${peerName(peer)}, ${said}, ALLOW`
  const [from, to] = [range.from, range.to].map((it) => (isIcmp && it === -1 ? 'ALL' : it))
  const ports = isIcmp ? `type: ${from}, code: ${to}` : `from port: ${from}, to port: ${to}`
  return `peer: ${peerName(peer)}, ${said}, ${ports}, ALLOW`
}

/** What a host shall let pass: a prefix list is all the networks that it holds now. */
export function ruleSpecsOf(
  { direction, protocol, range, peer }: Rule,
  networks: ReadonlyMap<PrefixListId, readonly string[]>,
): RuleSpec[] {
  const of = (to: RuleSpec['peer']): RuleSpec => ({ direction, protocol, ...(range && { range }), peer: to })
  if ('prefixList' in peer) return (networks.get(peer.prefixList) ?? []).map((cidr) => of({ cidr }))
  return [of('group' in peer ? { group: peer.group } : { cidr: peer.cidr })]
}

/** The rule by itself, as of DescribeSecurityGroupRules. Source: EC2 CLI Reference, describe-security-group-rules: -1 without a range. */
export function securityGroupRuleOf(rule: Rule): SecurityGroupRule {
  const { direction, protocol, range, peer, description } = rule
  return {
    IsEgress: direction === 'egress',
    IpProtocol: protocolName(protocol),
    FromPort: range?.from ?? -1,
    ToPort: range?.to ?? -1,
    ...shownAlone(peer),
    ...(description !== undefined && { Description: description }),
  }
}

/** Source: EC2 API Reference, "UserIdGroupPair". */
function pairOf({ group, account, over }: Extract<Peer, { group: GroupId }>) {
  const from = over && { VpcId: over.vpc, VpcPeeringConnectionId: over.peering }
  return { GroupId: group, UserId: account, ...from }
}

function shownAlone(peer: Peer): SecurityGroupRule {
  if ('group' in peer) return { ReferencedGroupInfo: pairOf(peer) }
  if ('prefixList' in peer) return { PrefixListId: peer.prefixList }
  return isIpv6(peer) ? { CidrIpv6: peer.cidr } : { CidrIpv4: peer.cidr }
}

/**
 * Rules as DescribeSecurityGroups shows those of one direction: those that differ only in the peer together, in the order in
 * which they first come. Source: EC2 CLI Reference, describe-security-groups: all four lists always, no ports for protocol -1.
 */
export function permissionsOf(rules: readonly Rule[]): IpPermission[] {
  const alike = Map.groupBy(rules, ({ protocol, range }) => `${protocol} ${range?.from} ${range?.to}`)
  return [...alike.values()].map((group) => permissionOf(group))
}

function permissionOf(rules: readonly Rule[]): IpPermission {
  const { protocol, range } = rules[0]! // Groups are made of what is in them.
  const shown = rules.map(({ peer, description }) => {
    const more = description === undefined ? {} : { Description: description }
    if ('group' in peer) return { group: { ...pairOf(peer), ...more } }
    if ('prefixList' in peer) return { list: { PrefixListId: peer.prefixList, ...more } }
    return isIpv6(peer) ? { ipv6: { CidrIpv6: peer.cidr, ...more } } : { ipv4: { CidrIp: peer.cidr, ...more } }
  })
  return {
    IpProtocol: protocolName(protocol),
    ...(range && { FromPort: range.from, ToPort: range.to }),
    UserIdGroupPairs: shown.flatMap(({ group }) => group ?? []),
    IpRanges: shown.flatMap(({ ipv4 }) => ipv4 ?? []),
    Ipv6Ranges: shown.flatMap(({ ipv6 }) => ipv6 ?? []),
    PrefixListIds: shown.flatMap(({ list }) => list ?? []),
  }
}
