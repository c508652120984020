import type { IpPermission, SecurityGroup } from '@aws-sdk/client-ec2'
import { command } from '../command.ts'
import { type Line, tagLines } from '../lines.ts'
import { filters, needed, toggle, value, word, words } from '../params.ts'
import { groupRef, parseIcmp, parsePorts, permissionLines, permissionOf } from '../permission.ts'

const ruleParams = {
  group: word('GROUP', 'name or ID of the security group to modify (required)'),
  egress: toggle('--egress', '[VPC only] manage an egress rule, which controls traffic leaving the group'),
  protocol: value(
    '-P, --protocol PROTOCOL',
    'protocol to affect: tcp, udp, icmp, a number, or -1 for all (default: tcp)',
  ),
  ports: value(
    '-p, --port-range RANGE',
    'range of ports (specified as "from-to") or a single port number (required for tcp and udp)',
    { parse: parsePorts },
  ),
  icmp: value('-t, --icmp-type-code TYPE:CODE', 'ICMP type and code (specified as "type:code")', { parse: parseIcmp }),
  cidr: value('-s, --cidr, --source-subnet CIDR', 'IP range (default: 0.0.0.0/0, unless -o names a group)'),
  sourceGroup: value('-o, --source-group GROUP', 'security group with which to affect network communication'),
  account: value('-u, --source-group-user ACCOUNT', 'ID of the account that owns the security group specified with -o'),
}

export const securityGroupCommands = [
  command({
    name: 'create-group',
    aliases: ['add-group'],
    summary: 'Create a new security group',
    params: {
      name: word('GROUP', 'name of the new group (required)'),
      description: needed('-d, --description DESC', 'description of the new group (required)'),
      vpc: value('-c, --vpc VPC', '[VPC only] ID of the VPC to create the group in'),
    },
    operation: 'CreateSecurityGroup',
    request: ({ name, description, vpc }) => ({
      GroupName: name,
      Description: description,
      ...(vpc !== undefined && { VpcId: vpc }),
    }),
    render: (outputs, { name, description }) => outputs.map((it) => ['GROUP', it.GroupId, name, description]),
  }),
  command({
    name: 'delete-group',
    summary: 'Delete a security group',
    params: { group: word('GROUP', 'name or ID of the security group to delete (required)') },
    operation: 'DeleteSecurityGroup',
    request: ({ group }) => groupRef(group),
    render: (outputs) => outputs.map((it) => ['RETURN', it.Return]),
  }),
  command({
    name: 'describe-groups',
    aliases: ['describe-group'],
    summary: 'Show information about security groups. Filters are matched on literal strings only.',
    params: {
      groups: words('GROUP', 'limit results to specific security groups'),
      filters: filters(
        ...[
          'description',
          'group-id',
          'group-name',
          'ip-permission.cidr',
          'ip-permission.from-port',
          'ip-permission.group-name',
        ],
        ...[
          'ip-permission.protocol',
          'ip-permission.to-port',
          'ip-permission.user-id',
          'owner-id',
          'tag-key',
          'tag-value',
        ],
        ...['tag:KEY', 'vpc-id'],
      ),
    },
    operation: 'DescribeSecurityGroups',
    request({ groups, filters }) {
      const refs = groups.map(groupRef)
      const ids = refs.flatMap((it) => ('GroupId' in it ? [it.GroupId] : []))
      const names = refs.flatMap((it) => ('GroupName' in it ? [it.GroupName] : []))
      return {
        Filters: filters,
        ...(ids.length > 0 && { GroupIds: ids }),
        ...(names.length > 0 && { GroupNames: names }),
      }
    },
    render: (outputs) => outputs.flatMap((it) => it.SecurityGroups ?? []).flatMap(groupLines),
  }),
  command({
    name: 'authorize',
    summary: 'Add a rule to a security group that allows traffic to pass',
    params: ruleParams,
    exclusive: [['cidr', 'sourceGroup']],
    operation: 'AuthorizeSecurityGroupIngress',
    operationFor: ({ egress }) => (egress ? 'AuthorizeSecurityGroupEgress' : 'AuthorizeSecurityGroupIngress'),
    request: (options) => permissionOf(options),
    render: (_, options) => permissionLines(options),
  }),
  command({
    name: 'revoke',
    summary: 'Remove a rule from a security group',
    params: ruleParams,
    exclusive: [['cidr', 'sourceGroup']],
    operation: 'RevokeSecurityGroupIngress',
    operationFor: ({ egress }) => (egress ? 'RevokeSecurityGroupEgress' : 'RevokeSecurityGroupIngress'),
    request: (options) => permissionOf(options),
    render: (_, options) => permissionLines(options),
  }),
]

function groupLines(it: SecurityGroup): Line[] {
  return [
    ['GROUP', it.GroupId, it.OwnerId, it.GroupName, it.Description, it.VpcId],
    ...(it.IpPermissions ?? []).flatMap((rule) => ruleLines(it, rule, 'FROM', 'ingress')),
    ...(it.IpPermissionsEgress ?? []).flatMap((rule) => ruleLines(it, rule, 'TO', 'egress')),
    ...tagLines(it.GroupId || it.GroupName, it.Tags),
  ]
}

/** One line for each source. IPv6 ranges and prefix lists, which euca2ools leaves out, look like ranges. */
function ruleLines({ OwnerId, GroupName }: SecurityGroup, rule: IpPermission, way: 'FROM' | 'TO', end: string): Line[] {
  const base = ['PERMISSION', OwnerId, GroupName, 'ALLOWS', rule.IpProtocol, rule.FromPort, rule.ToPort, way]
  const ranges = [
    ...(rule.IpRanges ?? []).map((it) => it.CidrIp),
    ...(rule.Ipv6Ranges ?? []).map((it) => it.CidrIpv6),
    ...(rule.PrefixListIds ?? []).map((it) => it.PrefixListId),
  ]
  const groups = (rule.UserIdGroupPairs ?? []).map((it) => [
    ...['USER', it.UserId],
    ...(it.GroupName ? ['NAME', it.GroupName] : []),
    ...(it.GroupId ? ['ID', it.GroupId] : []),
  ])
  return [...ranges.map((range) => ['CIDR', range]), ...groups].map((source) => [...base, ...source, end])
}
