/** The blocks of addresses of a VPC: the first is its own for life, others come and go. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { isId, newId, type ResourceId, type VpcId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { VpcBlockRow } from '../../store/tables/vpcs.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { peersOf } from '../peerings/find.ts'
import { checkNextBlock, contains, overlap } from './blocks.ts'

/** All blocks of these VPCs, the first one first; the association of a first block is named by its VPC. */
export async function blocksOf(reader: Reader, vpcs: readonly VpcRow[]): Promise<ReadonlyMap<VpcId, VpcBlockRow[]>> {
  if (vpcs.length === 0) return new Map()
  const ids = vpcs.map((it) => it.id)
  const rows = await reader.db.selectFrom('vpcBlocks').selectAll().where('vpcId', 'in', ids).orderBy('id').execute()
  const others = Map.groupBy(rows, (it) => it.vpcId)
  return new Map(vpcs.map((vpc) => [vpc.id, [firstBlock(vpc), ...(others.get(vpc.id) ?? [])]]))
}

export async function cidrsOf(reader: Reader, vpc: VpcRow): Promise<string[]> {
  return ((await blocksOf(reader, [vpc])).get(vpc.id) ?? []).map((it) => it.cidr)
}

function firstBlock({ id, cidr }: VpcRow): VpcBlockRow {
  return { id: `vpc-cidr-assoc-${id.slice('vpc-'.length)}`, vpcId: id, cidr }
}

/** Gives the VPC another block, which no peer has. Refuses: InvalidVpc.Range, InvalidVpc.Conflict, CidrLimitExceeded. */
export async function addBlock(tx: Transaction, vpc: VpcRow, cidr: string, random: Random): Promise<VpcBlockRow> {
  checkNextBlock(vpc.id, cidr, await cidrsOf(tx, vpc))
  const peers = await peersOf(tx, vpc.id)
  if (peers.length > 0) {
    const rows = await tx.db.selectFrom('vpcs').selectAll().where('id', 'in', peers).execute()
    const theirs = [...(await blocksOf(tx, rows)).values()].flat()
    if (theirs.some((it) => overlap(it.cidr, cidr))) refuse('InvalidVpc.Conflict', { cidr })
  }
  const row = { id: newId('vpc-cidr-block-association', random), vpcId: vpc.id, cidr }
  await tx.db.insertInto('vpcBlocks').values(row).execute()
  await wishVpc(tx, vpc.id)
  return row
}

/** The association of that id, of one of these VPCs. */
export async function findBlock(reader: Reader, vpcs: readonly VpcRow[], id: string): Promise<VpcBlockRow> {
  const all = [...(await blocksOf(reader, vpcs)).values()].flat()
  return all.find((it) => it.id === id) ?? refuse('InvalidVpcCidrBlockAssociationID.NotFound', { id })
}

/** Takes the block from its VPC. Refuses the first one, and one that has a subnet. */
export async function removeBlock(tx: Transaction, { id, vpcId, cidr }: VpcBlockRow): Promise<void> {
  if (isFirst(id, vpcId))
    refuse('OperationNotPermitted', {
      message: `The vpc CIDR block with association ID ${id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    })
  const subnets = await tx.db.selectFrom('subnets').select('cidr').where('vpcId', '=', vpcId).execute()
  if (subnets.some((it) => contains(cidr, it.cidr)))
    refuse('InvalidCidrBlock.InUse', {
      message: `The vpc ${vpcId} currently has a subnet within CIDR block ${cidr}`,
    })
  await tx.db.deleteFrom('vpcBlocks').where('id', '=', id).execute()
  await wishVpc(tx, vpcId)
}

function isFirst(id: ResourceId<'vpc-cidr-block-association'>, vpc: VpcId): boolean {
  return isId('vpc-cidr-block-association', id) && id.endsWith(vpc.slice('vpc-'.length))
}
