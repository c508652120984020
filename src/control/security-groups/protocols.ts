import { refuse } from '../../model/errors.ts'

export interface Range {
  readonly from: number
  readonly to: number
}

const numbers = new Map([
  ['icmp', 1],
  ['tcp', 6],
  ['udp', 17],
  ['icmpv6', 58],
])
const names = new Map([...numbers].map(([name, number]) => [number, name]))

/** EC2's name of a protocol: four have one, others are their number, -1 is all. Source: EC2 API Reference, "IpPermission". */
export function protocolName(protocol: number | 'all'): string {
  return protocol === 'all' ? '-1' : (names.get(protocol) ?? String(protocol))
}

/** Source: terraform-provider-aws#1793 and nanovms/ops#735 for the texts; `all` is not a name. Refuses: InvalidParameterValue. */
export function protocolOf(text: string | undefined): number | 'all' {
  if (text === undefined) return invalid(`Invalid value 'null' for protocol. ${explicitly}`)
  if (text === '-1') return 'all'
  const number = numbers.get(text.toLowerCase()) ?? (/^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : 256)
  return number > 255 ? invalid(`Invalid value '${text}' for IP protocol. Unknown protocol.`) : number
}

const explicitly = 'VPC security group rules must specify protocols explicitly.'

/**
 * The range of a rule for `protocol`, checked. Protocols without ports have none, whatever is given; ICMPv6 may leave it out
 * and means all. Refuses: InvalidParameterValue.
 * Source: EC2 API Reference, "IpPermission"; aws-cli#1066, aws-cloudformation/cfn-lint#2999, terraform-aws-security-group#7 for texts.
 */
export function rangeOf(protocol: number | 'all', from: number | undefined, to: number | undefined): Range | undefined {
  switch (protocol) {
    case 6:
    case 17:
      return portRange(from, to)
    case 1:
      return icmpRange(from, to)
    case 58:
      return from === undefined && to === undefined ? { from: -1, to: -1 } : icmpRange(from, to)
    default:
      return undefined
  }
}

function portRange(from: number | undefined, to: number | undefined): Range {
  if (from === undefined || to === undefined) return incomplete('TCP/UDP')
  if (!isWithin(from, 0, 65_535)) return invalid(`TCP/UDP (from) port (${from}) out of range`)
  if (!isWithin(to, 0, 65_535)) return invalid(`TCP/UDP (to) port (${to}) out of range`)
  return from > to ? invalid(`Invalid TCP/UDP port range (${from}:${to})`) : { from, to }
}

/** Any type is any code. Guess: the text of a code for any type, which cfn-lint says is refused. */
function icmpRange(type: number | undefined, code: number | undefined): Range {
  if (type === undefined || code === undefined) return incomplete('ICMP')
  if (!isWithin(type, -1, 255)) return invalid(`ICMP type (${type}) out of range`)
  return isWithin(code, -1, type === -1 ? -1 : 255)
    ? { from: type, to: code }
    : invalid(`ICMP code (${code}) out of range`)
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

function incomplete(protocol: string): never {
  return invalid(`Invalid value for portRange. Must specify both from and to ports with ${protocol}.`)
}

function invalid(message: string): never {
  return refuse('InvalidParameterValue', { message })
}
