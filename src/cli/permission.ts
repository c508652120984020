/** One rule of a security group, from the arguments of `authorize` and `revoke`. */
import type { IpPermission } from '@aws-sdk/client-ec2'
import type { Line } from './lines.ts'
import { UsageError } from './params.ts'

export interface Range {
  readonly from: number
  readonly to: number
}

export interface RuleOptions {
  readonly group: string
  readonly egress: boolean
  readonly protocol: string | undefined
  readonly ports: Range | undefined
  readonly icmp: Range | undefined
  readonly cidr: string | undefined
  readonly sourceGroup: string | undefined
  readonly account: string | undefined
}

/** A rule as asked for: what is sent, and what is printed. */
interface Rule extends Partial<Range> {
  readonly protocol: string
  readonly cidr?: string
}

const anywhere = '0.0.0.0/0'
const lastPort = 65535
const portProtocols = ['tcp', '6', 'udp', '17', 'sctp', '132']
const icmpProtocols = ['icmp', '1', 'icmpv6', '58']

/** Names of ports that people type. Source: IANA Service Name and Port Number Registry. */
const services: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  tftp: 69,
  http: 80,
  pop3: 110,
  ntp: 123,
  imap: 143,
  snmp: 161,
  ldap: 389,
  https: 443,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  mysql: 3306,
  postgresql: 5432,
}

/**
 * The ports, types and sources that the arguments mean; throws `UsageError`. Without `-s` or `-o` the source is everywhere.
 * euca2ools 3.4 sends 0.0.0.0/0 beside a source group too, which opens the ports to all: a bug that is not repeated here.
 */
function ruleOf({ protocol = 'tcp', ports, icmp, cidr, sourceGroup }: RuleOptions): Rule {
  const source = cidr ?? (sourceGroup === undefined ? anywhere : undefined)
  const base = { protocol: protocol === 'all' ? '-1' : protocol, ...(source !== undefined && { cidr: source }) }
  if (icmpProtocols.includes(protocol)) {
    if (ports) throw new UsageError(`argument -p/--port-range: not compatible with protocol "${protocol}"`)
    return { ...base, ...(icmp ?? { from: -1, to: -1 }) }
  }
  if (!portProtocols.includes(protocol)) return base
  if (icmp) throw new UsageError(`argument -t/--icmp-type-code: not compatible with protocol "${protocol}"`)
  if (!ports) throw new UsageError(`argument -p/--port-range is required for protocol "${protocol}"`)
  return { ...base, from: ports.from === -1 ? 1 : ports.from, to: ports.to === -1 ? lastPort : ports.to }
}

/** The rule as EC2's input; throws `UsageError`. */
export function permissionOf(options: RuleOptions): {
  GroupId?: string
  GroupName?: string
  IpPermissions: IpPermission[]
} {
  const { protocol, from, to, cidr } = ruleOf(options)
  refuseNames(options)
  const permission: IpPermission = {
    IpProtocol: protocol,
    ...(from !== undefined && { FromPort: from }),
    ...(to !== undefined && { ToPort: to }),
    ...(cidr !== undefined &&
      (cidr.includes(':') ? { Ipv6Ranges: [{ CidrIpv6: cidr }] } : { IpRanges: [{ CidrIp: cidr }] })),
    ...(options.sourceGroup !== undefined && { UserIdGroupPairs: [groupPair(options.sourceGroup, options.account)] }),
  }
  return { ...groupRef(options.group), IpPermissions: [permission] }
}

/** `GROUP` and `PERMISSION` lines: made from the arguments, not from the answer. */
export function permissionLines(options: RuleOptions): Line[] {
  const { protocol, from, to, cidr } = ruleOf(options)
  const { account, sourceGroup } = options
  return [
    ['GROUP', options.group],
    [
      ...['PERMISSION', options.group, 'ALLOWS', protocol, from, to],
      ...(account === undefined ? [] : ['USER', account]),
      ...(sourceGroup === undefined ? [] : [isGroupId(sourceGroup) ? 'ID' : 'NAME', sourceGroup]),
      ...(cidr === undefined ? [] : ['FROM', 'CIDR', cidr]),
    ],
  ]
}

export function groupRef(group: string): { GroupId: string } | { GroupName: string } {
  return isGroupId(group) ? { GroupId: group } : { GroupName: group }
}

function groupPair(group: string, account: string | undefined) {
  return { ...groupRef(group), ...(account !== undefined && { UserId: account }) }
}

function isGroupId(group: string): boolean {
  return /^sg-[0-9a-f]+$/.test(group)
}

function refuseNames({ egress, group, sourceGroup, account }: RuleOptions): void {
  if (egress && !isGroupId(group)) throw new UsageError('egress rules must use group IDs, not names')
  if (sourceGroup === undefined || isGroupId(sourceGroup)) return
  if (egress) throw new UsageError('argument -o: egress rules must use group IDs, not names')
  if (account === undefined) throw new UsageError('argument -u is required when -o names a security group by name')
}

/** `22`, `20-25`, `ssh`; -1 stands for all. */
export function parsePorts(text: string): Range {
  if (text.includes(':')) throw new UsageError('multi-port range must be separated by "-", not ":"')
  const single = /^-?\d+$/.test(text) ? Number(text) : services[text]
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? []
  const range = single !== undefined ? { from: single, to: single } : { from: Number(from), to: Number(to) }
  if (Number.isNaN(range.from))
    throw new UsageError(`'${text}' is neither a port number, range of port numbers, nor a recognized service name`)
  if (range.from < -1 || range.to < -1) throw new UsageError('port number(s) must be at least -1')
  return range
}

/** `TYPE:CODE`; -1 stands for all. */
export function parseIcmp(text: string): Range {
  const [, type, code] = /^(-?\d+):(-?\d+)$/.exec(text) ?? []
  if (type === undefined) throw new UsageError('value must have format "1:2"')
  if (Number(type) < -1 || Number(code) < -1) throw new UsageError('ICMP type, code must be at least -1')
  return { from: Number(type), to: Number(code) }
}
