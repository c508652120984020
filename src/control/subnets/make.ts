import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { newId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { removeTags } from '../tags/tags.ts'
import { checkSubnetBlock } from '../vpcs/blocks.ts'
import { cidrsOf } from '../vpcs/cidrs.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": subnets per VPC. */
const mostSubnets = 200

export interface NewSubnet {
  readonly cidr: string
  readonly zone: string
  readonly isDefault: boolean
}

/** Makes the subnet. Refuses: InvalidSubnet.Range, InvalidSubnet.Conflict, SubnetLimitExceeded. */
export async function makeSubnet(
  tx: Transaction,
  vpc: VpcRow,
  { cidr, zone, isDefault }: NewSubnet,
  random: Random,
): Promise<SubnetRow> {
  const others = await tx.db.selectFrom('subnets').select('cidr').where('vpcId', '=', vpc.id).execute()
  checkSubnetBlock(
    cidr,
    await cidrsOf(tx, vpc),
    others.map((it) => it.cidr),
  )
  if (others.length >= mostSubnets) refuse('SubnetLimitExceeded')
  const row: SubnetRow = {
    id: newId('subnet', random),
    vpcId: vpc.id,
    accountId: vpc.accountId,
    zone,
    cidr,
    isDefault: isDefault ? 1 : 0,
    mapsPublic: isDefault ? 1 : 0,
    assignsIpv6: 0,
  }
  await tx.db.insertInto('subnets').values(row).execute()
  await wishVpc(tx, vpc.id)
  return row
}

/** Removes the subnet. Refuses as long as an interface is in it, be it of a guest that ends. */
export async function removeSubnet(tx: Transaction, { id, vpcId }: SubnetRow): Promise<void> {
  const nic = await tx.db.selectFrom('interfaces').select('id').where('subnetId', '=', id).executeTakeFirst()
  if (nic) refuse('DependencyViolation', { message: `The subnet '${id}' has dependencies and cannot be deleted.` })
  await tx.db.deleteFrom('routeTableAssociations').where('subnetId', '=', id).execute()
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('subnets').where('id', '=', id).execute()
  await wishVpc(tx, vpcId)
}
