/** The block of IPv6 that a subnet may have: a /64 of one of its VPC's. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { newId, type SubnetId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SubnetIpv6BlockRow } from '../../store/tables/ipv6.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { contains6, readNetwork6, subnetPrefix } from './networks.ts'
import { vpcBlocks6 } from './vpc-blocks.ts'

/** The blocks of these subnets, or of all, by subnet. */
export async function subnetBlocks6(
  reader: Reader,
  subnets?: readonly SubnetId[],
): Promise<ReadonlyMap<SubnetId, SubnetIpv6BlockRow>> {
  if (subnets?.length === 0) return new Map()
  const all = reader.db.selectFrom('subnetIpv6Blocks').selectAll()
  const rows = await (subnets ? all.where('subnetId', 'in', subnets) : all).execute()
  return new Map(rows.map((it) => [it.subnetId, it]))
}

/** Gives the subnet this block. Refuses: InvalidSubnet.Range, InvalidSubnet.Conflict, and a second one. Guess: the code for that. */
export async function addSubnetBlock6(
  tx: Transaction,
  { id, vpcId }: SubnetRow,
  text: string,
  random: Random,
): Promise<SubnetIpv6BlockRow> {
  const cidr = readNetwork6(text, subnetPrefix)
  if ((await subnetBlocks6(tx, [id])).size > 0)
    refuse('InvalidParameterValue', { message: `The subnet '${id}' already has an IPv6 CIDR block.` })
  if (!(await vpcBlocks6(tx, [vpcId])).some((it) => contains6(it.cidr, cidr))) refuse('InvalidSubnet.Range', { cidr })
  const other = await tx.db.selectFrom('subnetIpv6Blocks').select('id').where('cidr', '=', cidr).executeTakeFirst()
  if (other) refuse('InvalidSubnet.Conflict', { cidr })
  const row = { id: newId('subnet-cidr-block-association', random), subnetId: id, vpcId, cidr }
  await tx.db.insertInto('subnetIpv6Blocks').values(row).execute()
  await wishVpc(tx, vpcId)
  return row
}

/** Takes the block from its subnet. Refuses as long as an interface has an address of it. Guess: the code. */
export async function removeSubnetBlock6(
  tx: Transaction,
  { id, subnetId, vpcId, cidr }: SubnetIpv6BlockRow,
): Promise<void> {
  const used = await tx.db
    .selectFrom('ipv6Addresses')
    .innerJoin('interfaces', 'interfaces.id', 'ipv6Addresses.interfaceId')
    .select('address')
    .where('interfaces.subnetId', '=', subnetId)
    .executeTakeFirst()
  if (used)
    refuse('InvalidCidrBlock.InUse', {
      message: `The subnet ${subnetId} currently has an address within CIDR block ${cidr}`,
    })
  await tx.db.deleteFrom('subnetIpv6Blocks').where('id', '=', id).execute()
  await tx.db.updateTable('subnets').set({ assignsIpv6: 0 }).where('id', '=', subnetId).execute()
  await wishVpc(tx, vpcId)
}
