import type { NetworkAcl, NetworkAclEntry } from '@aws-sdk/client-ec2'
import { type AclAssociation, type AclEntry, associationsIn, entriesOf } from '../../control/network-acls/find.ts'
import { lastNumber } from '../../control/network-acls/rule.ts'
import { type Tags, tagList, withTags } from '../../control/tags/tags.ts'
import type { Reader } from '../../store/store.ts'
import type { NetworkAclRow } from '../../store/tables/network-acls.ts'

export interface FullAcl extends NetworkAclRow {
  readonly tags: Tags
  /** With those that deny all at the end of both directions, which nobody can change. */
  readonly entries: readonly AclEntry[]
  readonly associations: readonly AclAssociation[]
}

export async function fullAcls(reader: Reader, rows: readonly NetworkAclRow[]): Promise<FullAcl[]> {
  const associations = await associationsIn(reader, [...new Set(rows.map((it) => it.vpcId))])
  const entries = await entriesOf(
    reader,
    rows.map((it) => it.id),
  )
  return (await withTags(reader, rows)).map((row) => ({
    ...row,
    entries: [false, true].flatMap((egress) => [
      ...(entries.get(row.id) ?? []).filter((it) => it.egress === egress),
      { number: lastNumber, egress, rule: { action: 'deny', protocol: 'all', cidr: '0.0.0.0/0' } },
    ]),
    associations: associations.filter((it) => it.aclId === row.id),
  }))
}

/** Source: EC2 API Reference, "NetworkAcl". */
export function renderAcl({ id, vpcId, accountId, isDefault, entries, associations, tags }: FullAcl): NetworkAcl {
  return {
    NetworkAclId: id,
    VpcId: vpcId,
    OwnerId: accountId,
    IsDefault: isDefault === 1,
    Entries: entries.map(renderEntry),
    Associations: associations.map((it) => ({
      NetworkAclAssociationId: it.id,
      NetworkAclId: it.aclId,
      SubnetId: it.subnetId,
    })),
    Tags: tagList(tags),
  }
}

/** Protocols are numbers here, unlike in rules of groups. Source: EC2 API Reference, "NetworkAclEntry". */
function renderEntry({ number, egress, rule: { action, protocol, range, cidr } }: AclEntry): NetworkAclEntry {
  const isIcmp = protocol === 1 || protocol === 58
  return {
    RuleNumber: number,
    Egress: egress,
    Protocol: protocol === 'all' ? '-1' : `${protocol}`,
    RuleAction: action,
    ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
    ...(range && isIcmp && { IcmpTypeCode: { Type: range.from, Code: range.to } }),
    ...(range && !isIcmp && { PortRange: { From: range.from, To: range.to } }),
  }
}
