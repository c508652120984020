/** Which route table each subnet has: the one associated with it, or the VPC's main one. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId, type SubnetId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import type { RouteTableAssociationRow, RouteTableRow } from '../../store/tables/vpcs.ts'
import { wishVpc } from '../hosts/wishes.ts'

export async function findAssociation(
  reader: Reader,
  account: AccountId,
  id: string,
): Promise<RouteTableAssociationRow> {
  const row = await reader.db
    .selectFrom('routeTableAssociations')
    .innerJoin('routeTables', 'routeTables.id', 'routeTableAssociations.routeTableId')
    .selectAll('routeTableAssociations')
    .where('routeTables.accountId', '=', account)
    .where('routeTableAssociations.id', '=', id as RouteTableAssociationRow['id']) // Another text finds nothing.
    .executeTakeFirst()
  return row ?? refuse('InvalidAssociationID.NotFound', { id })
}

/** Gives the subnet this table. The same again is the same association; another needs ReplaceRouteTableAssociation. */
export async function associate(
  tx: Transaction,
  table: RouteTableRow,
  subnet: SubnetRow,
  random: Random,
): Promise<RouteTableAssociationRow> {
  if (table.vpcId !== subnet.vpcId)
    refuse('InvalidParameterValue', {
      message: `Route table ${table.id} and subnet ${subnet.id} belong to different networks`,
    })
  const there = await tx.db
    .selectFrom('routeTableAssociations')
    .selectAll()
    .where('subnetId', '=', subnet.id)
    .executeTakeFirst()
  if (there?.routeTableId === table.id) return there
  if (there)
    refuse('Resource.AlreadyAssociated', {
      message: `the specified association for route table ${table.id} conflicts with an existing association`,
    })
  return insert(tx, table, subnet.id, random)
}

/** Gives what `association` is about another table: its subnet, or as the main one the VPC. It gets a new id. */
export async function replaceAssociation(
  tx: Transaction,
  association: RouteTableAssociationRow,
  table: RouteTableRow,
  random: Random,
): Promise<RouteTableAssociationRow> {
  if (table.vpcId !== association.vpcId)
    refuse('InvalidParameterValue', {
      message: `Route table ${table.id} and network ${association.vpcId} belong to different networks`,
    })
  await tx.db.deleteFrom('routeTableAssociations').where('id', '=', association.id).execute()
  return insert(tx, table, association.subnetId, random)
}

/** The subnet has the main table again. Refuses the main table's own association. */
export async function disassociate(tx: Transaction, { id, vpcId, subnetId }: RouteTableAssociationRow): Promise<void> {
  if (subnetId === null)
    refuse('InvalidParameterValue', { message: `cannot disassociate the main route table association ${id}` })
  await tx.db.deleteFrom('routeTableAssociations').where('id', '=', id).execute()
  await wishVpc(tx, vpcId)
}

async function insert(
  tx: Transaction,
  { id: routeTableId, vpcId }: RouteTableRow,
  subnetId: SubnetId | null,
  random: Random,
): Promise<RouteTableAssociationRow> {
  const row = { id: newId('route-table-association', random), routeTableId, vpcId, subnetId }
  await tx.db.insertInto('routeTableAssociations').values(row).execute()
  await wishVpc(tx, vpcId)
  return row
}
