/** Network ACLs as hosts enforce them. */
import type { AclSpec } from '../../host-api/spec.ts'
import type { AclId, SubnetId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { type AclEntry, associationsIn, entriesOf } from './find.ts'
import { aclRuleSpecs } from './rule.ts'

export interface AclSpecs {
  readonly ofSubnet: ReadonlyMap<SubnetId, AclId>
  readonly acls: readonly AclSpec[]
}

/** The ACLs that the VPC's subnets have. Those that let everything pass are none: hosts need not look. */
export async function aclSpecs(reader: Reader, vpc: VpcId): Promise<AclSpecs> {
  const associations = await associationsIn(reader, [vpc])
  const ids = [...new Set(associations.map((it) => it.aclId))].sort()
  const entries = await entriesOf(reader, ids)
  const acls = ids
    .filter((id) => !letsAllPass(entries.get(id) ?? []))
    .map((id): AclSpec => ({ id, rules: aclRuleSpecs(entries.get(id) ?? []) }))
  const told = new Set(acls.map((it) => it.id))
  const used = associations.filter((it) => told.has(it.aclId))
  return { acls, ofSubnet: new Map(used.map((it) => [it.subnetId, it.aclId])) }
}

/** Whether the first entries of both directions allow all: of IPv6 too, or of IPv4 where nothing else is said. */
function letsAllPass(entries: readonly AclEntry[]): boolean {
  return [false, true].every((egress) => {
    const same = entries.filter((it) => it.egress === egress)
    const open = same.map(({ rule }) => rule.action === 'allow' && rule.protocol === 'all' && rule.cidr.endsWith('/0'))
    return open[0] === true && (same.length === 1 || open[1] === true)
  })
}
