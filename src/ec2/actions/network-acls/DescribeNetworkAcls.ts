import { listAcls } from '../../../control/network-acls/find.ts'
import { protocolName } from '../../../control/security-groups/protocols.ts'
import { type FilterTable, tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullAcl, fullAcls, renderAcl } from '../../render/network-acl.ts'

/** Source: EC2 API Reference, DescribeNetworkAcls, filters that begin with `entry`. */
const each = (read: (entry: FullAcl['entries'][number]) => string | number | boolean | undefined) => (row: FullAcl) =>
  row.entries.map(read).map((it) => (typeof it === 'boolean' ? String(it) : it))
const icmp = (part: 'from' | 'to') =>
  each(({ rule }) => (rule.protocol === 1 || rule.protocol === 58 ? rule.range?.[part] : undefined))
const port = (part: 'from' | 'to') =>
  each(({ rule }) => (rule.protocol === 6 || rule.protocol === 17 ? rule.range?.[part] : undefined))

const entryFilters: FilterTable<FullAcl> = {
  'entry.cidr': each(({ rule }) => (rule.cidr.includes(':') ? undefined : rule.cidr)),
  'entry.ipv6-cidr': each(({ rule }) => (rule.cidr.includes(':') ? rule.cidr : undefined)),
  'entry.egress': each((it) => it.egress),
  'entry.icmp.type': icmp('from'),
  'entry.icmp.code': icmp('to'),
  'entry.port-range.from': port('from'),
  'entry.port-range.to': port('to'),
  'entry.protocol': (row) =>
    row.entries.flatMap(({ rule: { protocol } }) => [
      protocolName(protocol),
      ...(protocol === 'all' ? [] : [`${protocol}`]),
    ]),
  'entry.rule-action': each((it) => it.rule.action),
  'entry.rule-number': each((it) => it.number),
}

/**
 * The caller's network ACLs with their entries and subnets.
 * Refuses: InvalidNetworkAclID.NotFound.
 * Source: EC2 API Reference, DescribeNetworkAcls.
 */
export const DescribeNetworkAcls = describe('DescribeNetworkAcls', {
  rows: async ({ NetworkAclIds = [] }, { tx, caller }) =>
    fullAcls(tx, await listAcls(tx, caller.account, NetworkAclIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullAcl>(),
    ...entryFilters,
    'association.association-id': (row) => row.associations.map((it) => it.id),
    'association.network-acl-id': (row) => row.associations.map((it) => it.aclId),
    'association.subnet-id': (row) => row.associations.map((it) => it.subnetId),
    default: (row) => String(row.isDefault === 1),
    'network-acl-id': (row) => row.id,
    'owner-id': (row) => row.accountId,
    'vpc-id': (row) => row.vpcId,
  },
  render: renderAcl,
  assemble: (items) => ({ NetworkAcls: items }),
})
