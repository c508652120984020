/** What an entry of a network ACL says. Pure. */
import type { CreateNetworkAclEntryRequest } from '@aws-sdk/client-ec2'
import type { AclRuleSpec } from '../../host-api/spec.ts'
import { refuse } from '../../model/errors.ts'
import { ipv4Range, ipv6Range } from '../security-groups/cidrs.ts'

/** `number` orders entries of one direction: the first that fits decides. */
export interface AclRule {
  readonly action: 'allow' | 'deny'
  readonly protocol: number | 'all'
  /** TCP and UDP: ports. ICMP: type and code, -1 for any. */
  readonly range?: { readonly from: number; readonly to: number }
  readonly cidr: string
}

export type EntryInput = Pick<
  CreateNetworkAclEntryRequest,
  'Protocol' | 'RuleAction' | 'CidrBlock' | 'Ipv6CidrBlock' | 'IcmpTypeCode' | 'PortRange'
>

/** Source: VPC User Guide, "Custom network ACLs": 1 to 32766; 32767 is the entry that denies all, which nobody can change. */
export const lastNumber = 32_767

export function entryNumber(number: number | undefined): number {
  if (number === undefined) return refuse('MissingParameter', { parameter: 'ruleNumber' })
  return number >= 1 && number < lastNumber ? number : invalid(`Value (${number}) for parameter ruleNumber is invalid.`)
}

/**
 * Refuses: InvalidParameterValue, MissingParameter (a range for TCP and UDP, type and code for ICMP), InvalidParameterCombination.
 * Source: EC2 API Reference, "CreateNetworkAclEntry". Guess: the texts.
 */
export function ruleAsked(input: EntryInput): AclRule {
  const { RuleAction: action, Protocol } = input
  if (action !== 'allow' && action !== 'deny') return invalid(`Value (${action}) for parameter ruleAction is invalid.`)
  const protocol = protocolAsked(Protocol)
  const range = rangeAsked(protocol, input)
  return { action, protocol, ...(range && { range }), cidr: cidrAsked(input) }
}

/** Numbers, and the names that old tools send. */
function protocolAsked(text: string | undefined): number | 'all' {
  if (text === '-1' || text === 'all') return 'all'
  const number = names.get(text ?? '') ?? (/^\d{1,3}$/.test(text ?? '') ? Number(text) : 256)
  return number < 256 ? number : invalid(`Invalid value '${text}' for IP protocol. Unknown protocol.`)
}

const names = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['icmp', 1],
  ['icmpv6', 58],
])

function rangeAsked(protocol: number | 'all', { PortRange, IcmpTypeCode }: EntryInput): AclRule['range'] {
  if (protocol === 6 || protocol === 17) {
    const { From, To } = PortRange ?? {}
    if (From === undefined || To === undefined) return missing('portRange')
    const fine = From >= 0 && From <= To && To <= 65_535
    return fine ? { from: From, to: To } : invalid(`Invalid TCP/UDP port range (${From}:${To})`)
  }
  if (protocol !== 1 && protocol !== 58) return undefined
  const { Type, Code } = IcmpTypeCode ?? {}
  if (Type === undefined || Code === undefined) return missing('icmpTypeCode')
  const fine = Type >= -1 && Type <= 255 && Code >= -1 && Code <= 255
  return fine
    ? { from: Type, to: Type === -1 ? -1 : Code }
    : invalid(`ICMP type and code (${Type}:${Code}) out of range`)
}

function cidrAsked({ CidrBlock, Ipv6CidrBlock }: EntryInput): string {
  if (CidrBlock !== undefined && Ipv6CidrBlock !== undefined) {
    const message = "The parameter 'cidrBlock' may not be used in combination with 'ipv6CidrBlock'"
    return refuse('InvalidParameterCombination', { message })
  }
  if (Ipv6CidrBlock !== undefined) return ipv6Range(Ipv6CidrBlock)
  return CidrBlock === undefined ? missing('cidrBlock') : ipv4Range(CidrBlock)
}

/** Entries in the order in which they decide, as hosts shall know them; what none of them decides is denied. */
export function aclRuleSpecs(rules: readonly { readonly egress: boolean; readonly rule: AclRule }[]): AclRuleSpec[] {
  return rules.map(({ egress, rule }) => ({ ...rule, direction: egress ? 'egress' : 'ingress' }))
}

function missing(parameter: string): never {
  return refuse('MissingParameter', { parameter })
}

function invalid(message: string): never {
  return refuse('InvalidParameterValue', { message })
}
