/** What callers of AuthorizeSecurityGroup… and RevokeSecurityGroup… write, as single rules; and what that does to a group. */
import type { AuthorizeSecurityGroupIngressRequest, IpPermission, UserIdGroupPair } from '@aws-sdk/client-ec2'
import { refuse } from '../../model/errors.ts'
import type { GroupId } from '../../model/ids.ts'
import type { PrefixListId } from '../prefix-lists/find.ts'
import { ipv4Range, ipv6Range } from './cidrs.ts'
import { protocolOf, rangeOf } from './protocols.ts'
import { canonical, type Peer, type Rule, ruleText } from './rule.ts'

/** Of the ingress and egress actions alike: a list of permissions, or one permission in flat parameters. */
export type PermissionInput = Pick<
  AuthorizeSecurityGroupIngressRequest,
  | 'IpPermissions'
  | 'IpProtocol'
  | 'FromPort'
  | 'ToPort'
  | 'CidrIp'
  | 'SourceSecurityGroupName'
  | 'SourceSecurityGroupOwnerId'
>

/** Which group a pair means, and which prefix list an id; both refuse what the caller may not name. */
export interface References {
  readonly group: (pair: UserIdGroupPair) => Extract<Peer, { group: GroupId }>
  readonly prefixList: (id: string | undefined) => { readonly prefixList: PrefixListId }
}

/**
 * The rules that `input` asks for, one for each peer.
 * Refuses: InvalidParameterValue (protocol, ports, range, description, a rule twice), MissingParameter (no rule, or no peer),
 * InvalidParameterCombination, InvalidPermission.Malformed, and what `references` refuse.
 */
export function rulesAsked(direction: Rule['direction'], input: PermissionInput, references: References): Rule[] {
  const rules = permissionsIn(input).flatMap((permission) => rulesOfPermission(direction, permission, references))
  if (new Set(rules.map(canonical)).size < rules.length) {
    refuse('InvalidParameterValue', { message: 'The same permission must not appear multiple times' })
  }
  return rules
}

/** What a group has after `wanted` is authorised. Refuses: InvalidPermission.Duplicate, if it had any of it. */
export function authorize(existing: readonly Rule[], wanted: readonly Rule[]): Rule[] {
  const known = new Set(existing.map(canonical))
  const twice = wanted.find((it) => known.has(canonical(it)))
  return twice ? refuse('InvalidPermission.Duplicate', { rule: ruleText(twice) }) : [...existing, ...wanted]
}

/**
 * Parts the rules of a group by what is to be revoked; `unknown` is what it never had. EC2 answers unknown rules in a default
 * VPC as `UnknownIpPermissions`, and refuses them elsewhere (`refuseUnknown`): then nothing is revoked.
 * Source: EC2 API Reference, "RevokeSecurityGroupIngress". Descriptions do not matter.
 */
export function revoke<R extends Rule>(existing: readonly R[], unwanted: readonly Rule[]) {
  const [known, gone] = [existing, unwanted].map((rules) => new Set(rules.map(canonical))) as [Set<string>, Set<string>]
  return {
    kept: existing.filter((it) => !gone.has(canonical(it))),
    revoked: existing.filter((it) => gone.has(canonical(it))),
    unknown: unwanted.filter((it) => !known.has(canonical(it))),
  }
}

/** Refuses: InvalidPermission.NotFound, if there is any. */
export function refuseUnknown(unknown: readonly Rule[]): void {
  if (unknown.length > 0) refuse('InvalidPermission.NotFound')
}

function permissionsIn(input: PermissionInput): readonly IpPermission[] {
  const flat = flatNames.filter((name) => input[name] !== undefined)
  if (!input.IpPermissions?.length) return flat.length > 0 ? flatPermissions(input) : missing('ipPermissions')
  return flat[0] ? incompatible('IpPermissions', flat[0]) : input.IpPermissions
}

const flatNames = [
  'IpProtocol',
  'FromPort',
  'ToPort',
  'CidrIp',
  'SourceSecurityGroupName',
  'SourceSecurityGroupOwnerId',
] as const satisfies (keyof PermissionInput)[]

/**
 * A group alone stands for all of TCP, UDP and ICMP, and is given nothing else.
 * Source: EC2 API Reference, "AuthorizeSecurityGroupIngress", SourceSecurityGroupName.
 */
function flatPermissions({ IpProtocol, FromPort, ToPort, CidrIp, ...source }: PermissionInput): IpPermission[] {
  const { SourceSecurityGroupName: GroupName, SourceSecurityGroupOwnerId: UserId } = source
  if (GroupName === undefined)
    return [{ IpProtocol, FromPort, ToPort, IpRanges: CidrIp === undefined ? [] : [{ CidrIp }] }]
  const extra = Object.entries({ IpProtocol, FromPort, ToPort, CidrIp }).find(([, value]) => value !== undefined)
  if (extra) return incompatible('SourceSecurityGroupName', extra[0])
  const UserIdGroupPairs = [{ GroupName, ...(UserId !== undefined && { UserId }) }]
  return [
    { IpProtocol: 'tcp', FromPort: 0, ToPort: 65_535, UserIdGroupPairs },
    { IpProtocol: 'udp', FromPort: 0, ToPort: 65_535, UserIdGroupPairs },
    { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, UserIdGroupPairs },
  ]
}

function rulesOfPermission(direction: Rule['direction'], permission: IpPermission, references: References): Rule[] {
  const protocol = protocolOf(permission.IpProtocol)
  const range = rangeOf(protocol, permission.FromPort, permission.ToPort)
  const rules = peersOf(permission, references).map(({ peer, description }) => ({
    direction,
    protocol,
    ...(range && { range }),
    peer,
    ...(description !== undefined && { description: checkDescription(description) }),
  }))
  return rules.length > 0 ? rules : refuse('MissingParameter', { message: noPeer })
}

/** Source: Eucalyptus and others, which took it over from EC2. */
const noPeer = 'Missing source specification: include source security group or CIDR information'

interface Named {
  readonly peer: Peer
  readonly description: string | undefined
}

function peersOf(permission: IpPermission, references: References): Named[] {
  const { IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs } = permission
  const named = (peer: Peer, description: string | undefined): Named => ({ peer, description })
  return [
    ...(IpRanges ?? []).map((it) => named({ cidr: ipv4Range(it.CidrIp) }, it.Description)),
    ...(Ipv6Ranges ?? []).map((it) => named({ cidr: ipv6Range(it.CidrIpv6) }, it.Description)),
    ...(UserIdGroupPairs ?? []).map((it) => named(references.group(nameable(it)), it.Description)),
    ...(PrefixListIds ?? []).map((it) => named(references.prefixList(it.PrefixListId), it.Description)),
  ]
}

/** Guess: the code; EC2 documents it for malformed rules without saying which. */
function nameable(pair: UserIdGroupPair): UserIdGroupPair {
  if (pair.GroupId !== undefined || pair.GroupName !== undefined) return pair
  return refuse('InvalidPermission.Malformed', { message: 'The specified security group rule names no group.' })
}

/** Source: EC2 API Reference, "IpRange"; the text, its two spaces included, as quoted in public. */
export function checkDescription(description: string): string {
  if (/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(description)) return description
  const set = 'a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*'
  const message = `Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  ${set}`
  return refuse('InvalidParameterValue', { message })
}

function missing(parameter: string): never {
  return refuse('MissingParameter', { parameter })
}

/** Guess: the text, from what EC2 says of other pairs of parameters. */
function incompatible(one: string, other: string): never {
  const camel = (name: string) => `'${name.charAt(0).toLowerCase()}${name.slice(1)}'`
  const message = `The parameter ${camel(one)} may not be used in combination with ${camel(other)}`
  return refuse('InvalidParameterCombination', { message })
}
