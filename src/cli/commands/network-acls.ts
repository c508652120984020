/** Network ACLs. Source: euca2ools 3.4, arguments and lines. */
import type { NetworkAcl, NetworkAclEntry } from '@aws-sdk/client-ec2'
import { command } from '../command.ts'
import { type Line, tagLines } from '../lines.ts'
import { filters, needed, toggle, UsageError, value, wholeNumber, word, words } from '../params.ts'
import { parseIcmp, parsePorts, type Range } from '../permission.ts'

const entryParams = {
  acl: word('NACL', 'ID of the network ACL that the entry is in (required)'),
  number: needed('-n, --rule-number INT', 'rule number of the entry (required)'),
  allow: toggle('--allow', 'make the entry allow the traffic it matches'),
  deny: toggle('--deny', 'make the entry block the traffic it matches'),
  cidr: needed('-r, --cidr CIDR', 'CIDR address range the entry should affect (required)'),
  protocol: value('-P, --protocol PROTOCOL', 'protocol the entry should apply to (default: all)'),
  egress: toggle('--egress', 'make the entry affect outgoing traffic (default: incoming traffic)'),
  ports: value('-p, --port-range RANGE', 'range of ports (specified as "from-to") or a single port number', {
    parse: parsePorts,
  }),
  icmp: value('-t, --icmp-type-code TYPE:CODE', 'ICMP type and code (specified as "type:code")', { parse: parseIcmp }),
}

interface EntryOptions {
  readonly acl: string
  readonly number: string
  readonly allow: boolean
  readonly deny: boolean
  readonly cidr: string
  readonly protocol: string | undefined
  readonly egress: boolean
  readonly ports: Range | undefined
  readonly icmp: Range | undefined
}

const protocolNames = new Map([
  ['-1', 'all'],
  ['1', 'icmp'],
  ['6', 'tcp'],
  ['17', 'udp'],
  ['58', 'icmpv6'],
  ['132', 'sctp'],
])
const protocolNumbers = new Map([...protocolNames].map(([number, name]) => [name, number]))

/** The entry as EC2's input; throws `UsageError`. */
function entryOf({ acl, number, allow, deny, cidr, protocol = '-1', egress, ports, icmp }: EntryOptions) {
  if (allow === deny) throw new UsageError('one of the arguments --allow --deny is required')
  const wanted = protocolNumbers.get(protocol.toLowerCase()) ?? protocol
  const isIcmp = wanted === '1' || wanted === '58'
  if ((wanted === '6' || wanted === '17') && !ports)
    throw new UsageError(`argument -p/--port-range is required for protocol "${protocol}"`)
  const types = icmp ?? { from: -1, to: -1 }
  return {
    NetworkAclId: acl,
    RuleNumber: wholeNumber(number),
    RuleAction: allow ? ('allow' as const) : ('deny' as const),
    Egress: egress,
    Protocol: wanted,
    ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
    ...(isIcmp && { IcmpTypeCode: { Type: types.from, Code: types.to } }),
    ...(ports && !isIcmp && { PortRange: { From: ports.from, To: ports.to } }),
  }
}

export const networkAclCommands = [
  command({
    name: 'create-network-acl',
    summary: 'Create a new network ACL',
    params: { vpc: word('VPC', 'ID of the VPC to create the new network ACL in (required)') },
    operation: 'CreateNetworkAcl',
    request: ({ vpc }) => ({ VpcId: vpc }),
    render: (outputs) => outputs.flatMap((it) => aclLines(it.NetworkAcl ?? {})),
  }),
  command({
    name: 'delete-network-acl',
    summary: 'Delete a network ACL',
    params: { acl: word('NACL', 'ID of the network ACL to delete (required)') },
    operation: 'DeleteNetworkAcl',
    request: ({ acl }) => ({ NetworkAclId: acl }),
    render: (_, { acl }) => [['NETWORKACL', acl]],
  }),
  command({
    name: 'describe-network-acls',
    summary: 'Show information about network ACLs',
    params: {
      acls: words('NACL', 'limit results to one or more network ACLs'),
      filters: filters(
        ...['association.association-id', 'association.network-acl-id', 'association.subnet-id', 'default'],
        ...['entry.cidr', 'entry.egress', 'entry.icmp.code', 'entry.icmp.type', 'entry.port-range.from'],
        ...['entry.port-range.to', 'entry.protocol', 'entry.rule-action', 'entry.rule-number', 'network-acl-id'],
        ...['tag-key', 'tag-value', 'tag:KEY', 'vpc-id'],
      ),
    },
    operation: 'DescribeNetworkAcls',
    request: ({ acls, filters }) => ({ Filters: filters, ...(acls.length > 0 && { NetworkAclIds: acls }) }),
    render: (outputs) => outputs.flatMap((it) => it.NetworkAcls ?? []).flatMap(aclLines),
  }),
  command({
    name: 'create-network-acl-entry',
    summary: 'Create a network ACL entry',
    params: entryParams,
    operation: 'CreateNetworkAclEntry',
    request: (options) => entryOf(options),
    render: (_, options) => [entryLine(entryOf(options))],
  }),
  command({
    name: 'replace-network-acl-entry',
    summary: 'Replace a network ACL entry',
    params: entryParams,
    operation: 'ReplaceNetworkAclEntry',
    request: (options) => entryOf(options),
    render: (_, options) => [entryLine(entryOf(options))],
  }),
  command({
    name: 'delete-network-acl-entry',
    summary: 'Delete a network ACL entry',
    params: {
      acl: word('NACL', 'ID of the network ACL to delete an entry from (required)'),
      number: needed('-n, --rule-number INT', 'number of the entry to delete (required)'),
      egress: toggle('--egress', 'delete an egress entry (default: delete an ingress entry)'),
    },
    operation: 'DeleteNetworkAclEntry',
    request: ({ acl, number, egress }) => ({ NetworkAclId: acl, RuleNumber: wholeNumber(number), Egress: egress }),
    render: (_, { number, egress }) => [['ENTRY', egress ? 'egress' : 'ingress', number]],
  }),
  command({
    name: 'replace-network-acl-association',
    summary: 'Associate a new VPC network ACL with a subnet',
    params: {
      association: word('ACLASSOC', 'ID of the network ACL association to replace (required)'),
      acl: needed('-a, --network-acl ACL', 'ID of the network ACL to associate with the subnet (required)'),
    },
    operation: 'ReplaceNetworkAclAssociation',
    request: ({ association, acl }) => ({ AssociationId: association, NetworkAclId: acl }),
    render: (outputs, { acl }) => outputs.map((it) => ['ASSOCIATION', it.NewAssociationId, acl]),
  }),
]

function aclLines(it: NetworkAcl): Line[] {
  return [
    ['NETWORKACL', it.NetworkAclId, it.VpcId, it.IsDefault ? 'default' : ''],
    ...(it.Entries ?? []).map(entryLine),
    ...(it.Associations ?? []).map((to): Line => ['ASSOCIATION', to.NetworkAclAssociationId, to.SubnetId]),
    ...tagLines(it.NetworkAclId, it.Tags),
  ]
}

/** Of ICMP the code comes before the type, as there. */
function entryLine(it: NetworkAclEntry): Line {
  const { IcmpTypeCode, PortRange, Protocol = '' } = it
  const range = IcmpTypeCode ? [IcmpTypeCode.Code, IcmpTypeCode.Type] : [PortRange?.From, PortRange?.To]
  const said = [it.RuleNumber, it.RuleAction, it.CidrBlock ?? it.Ipv6CidrBlock]
  return ['ENTRY', it.Egress ? 'egress' : 'ingress', ...said, protocolNames.get(Protocol) ?? Protocol, ...range]
}
