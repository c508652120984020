/** The blocks of IPv6 that VPCs have: each a /56 of the cloud's own network. */
import type { Random } from '../../base/random.ts'
import type { Cloud } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import { newId, type VpcId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VpcIpv6BlockRow } from '../../store/tables/ipv6.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { openAclFor6 } from '../network-acls/change.ts'
import { openGroupsFor6 } from '../security-groups/groups.ts'
import { contains6, countIn, networkIn, vpcPrefix } from './networks.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": IPv6 CIDR blocks per VPC. */
const mostBlocks = 5

export interface Around {
  readonly cloud: Cloud
  readonly now: Date
  readonly random: Random
}

/** Blocks of these VPCs, or of all. */
export async function vpcBlocks6(reader: Reader, vpcs?: readonly VpcId[]): Promise<VpcIpv6BlockRow[]> {
  if (vpcs?.length === 0) return []
  const all = reader.db.selectFrom('vpcIpv6Blocks').selectAll().orderBy('id')
  return (vpcs ? all.where('vpcId', 'in', vpcs) : all).execute()
}

/**
 * Gives the VPC a block, from a random one of the pool on. Groups and the default ACL that nobody changed let IPv6 pass from
 * then on, as they do IPv4. Refuses: CidrLimitExceeded.
 */
export async function addVpcBlock6(
  tx: Transaction,
  { id, accountId }: VpcRow,
  around: Around,
): Promise<VpcIpv6BlockRow> {
  if ((await vpcBlocks6(tx, [id])).length >= mostBlocks) refuse('CidrLimitExceeded', { id })
  const row = {
    id: newId('vpc-cidr-block-association', around.random),
    vpcId: id,
    cidr: await freeBlock(tx, around),
  }
  await tx.db.insertInto('vpcIpv6Blocks').values(row).execute()
  await openAclFor6(tx, id)
  await openGroupsFor6(tx, accountId, id, around)
  await wishVpc(tx, id)
  return row
}

/** Takes the block from its VPC. Refuses one that a subnet has a part of. */
export async function removeVpcBlock6(tx: Transaction, { id, vpcId, cidr }: VpcIpv6BlockRow): Promise<void> {
  const subnets = await tx.db.selectFrom('subnetIpv6Blocks').select('cidr').where('vpcId', '=', vpcId).execute()
  if (subnets.some((it) => contains6(cidr, it.cidr)))
    refuse('InvalidCidrBlock.InUse', { message: `The vpc ${vpcId} currently has a subnet within CIDR block ${cidr}` })
  await tx.db.deleteFrom('vpcIpv6Blocks').where('id', '=', id).execute()
  await wishVpc(tx, vpcId)
}

async function freeBlock(tx: Transaction, { cloud, random }: Around): Promise<string> {
  const taken = new Set((await vpcBlocks6(tx)).map((it) => it.cidr))
  const count = countIn(cloud.pool6, vpcPrefix)
  const start = random.bytes(4).readUInt32BE() % count
  for (let step = 0; step < count; step++) {
    const cidr = networkIn(cloud.pool6, vpcPrefix, (start + step) % count)
    if (!taken.has(cidr)) return cidr
  }
  return refuse('InsufficientAddressCapacity')
}
