/** Network ACLs as hosts enforce them. */
import { isSix } from '../../base/ipv6.ts'
import type { AclSpec } from '../../host-api/spec.ts'
import type { AclId, SubnetId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { vpcBlocks6 } from '../ipv6/vpc-blocks.ts'
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
  const hasSix = (await vpcBlocks6(reader, [vpc])).length > 0
  const acls = ids
    .filter((id) => !letsAllPass(entries.get(id) ?? [], hasSix))
    .map((id): AclSpec => ({ id, rules: aclRuleSpecs(entries.get(id) ?? []) }))
  const told = new Set(acls.map((it) => it.id))
  const used = associations.filter((it) => told.has(it.aclId))
  return { acls, ofSubnet: new Map(used.map((it) => [it.subnetId, it.aclId])) }
}

/** Whether in both directions the first entry of each version of IP, as far as the VPC has it, allows all. */
function letsAllPass(entries: readonly AclEntry[], hasSix: boolean): boolean {
  const isOpen = (egress: boolean, six: boolean) => {
    const first = entries.find((it) => it.egress === egress && isSix(it.rule.cidr) === six)?.rule
    return first?.action === 'allow' && first.protocol === 'all' && first.cidr.endsWith('/0')
  }
  return [false, true].every((egress) => isOpen(egress, false) && (!hasSix || isOpen(egress, true)))
}
