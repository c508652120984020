/** Route tables of a VPC: its main one, which subnets have that chose none, and others. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId, type VpcId } from '../../model/ids.ts'
import { nextNumber } from '../../store/sequences.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { RouteTableRow } from '../../store/tables/vpcs.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { removeTags } from '../tags/tags.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": route tables per VPC. */
const mostTables = 200

/** The account's tables, or those named, in the order of their ids. */
export async function listTables(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<RouteTableRow[]> {
  const rows = await reader.db
    .selectFrom('routeTables')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  return ids.length > 0 ? requireAll('route-table', checkIds('route-table', ids), rows) : rows
}

export async function findTable(reader: Reader, account: AccountId, id: string): Promise<RouteTableRow> {
  const [table] = await listTables(reader, account, [id])
  return table! // listTables refuses what it does not find
}

/** A table that no subnet has yet. */
export async function makeTable(tx: Transaction, vpc: VpcRow, random: Random): Promise<RouteTableRow> {
  const others = await tx.db.selectFrom('routeTables').select('id').where('vpcId', '=', vpc.id).execute()
  if (others.length >= mostTables) refuse('RouteTableLimitExceeded')
  const row = {
    id: newId('route-table', random),
    vpcId: vpc.id,
    accountId: vpc.accountId,
    number: await nextNumber(tx, 'route-table'),
  }
  await tx.db.insertInto('routeTables').values(row).execute()
  return row
}

export async function makeMainTable(tx: Transaction, vpc: VpcRow, { random }: { random: Random }): Promise<void> {
  const table = await makeTable(tx, vpc, random)
  const id = newId('route-table-association', random)
  await tx.db
    .insertInto('routeTableAssociations')
    .values({ id, routeTableId: table.id, vpcId: vpc.id, subnetId: null })
    .execute()
}

export function mainTable(reader: Reader, vpc: VpcId): Promise<RouteTableRow> {
  return reader.db
    .selectFrom('routeTableAssociations')
    .innerJoin('routeTables', 'routeTables.id', 'routeTableAssociations.routeTableId')
    .selectAll('routeTables')
    .where('routeTableAssociations.vpcId', '=', vpc)
    .where('routeTableAssociations.subnetId', 'is', null)
    .executeTakeFirstOrThrow()
}

/** Deletes the table with its routes. Refuses one that a subnet has, or that is the main one. */
export async function removeTable(tx: Transaction, { id }: RouteTableRow): Promise<void> {
  const used = tx.db.selectFrom('routeTableAssociations').select('id').where('routeTableId', '=', id)
  if (await used.executeTakeFirst())
    refuse('DependencyViolation', { message: `The routeTable '${id}' has dependencies and cannot be deleted.` })
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('routes').where('routeTableId', '=', id).execute()
  await tx.db.deleteFrom('routeTables').where('id', '=', id).execute()
}

/** Removes every table of the VPC, which has no subnet any more. */
export async function removeTables(tx: Transaction, vpc: VpcId): Promise<void> {
  await tx.db.deleteFrom('routeTableAssociations').where('vpcId', '=', vpc).execute()
  const tables = await tx.db.selectFrom('routeTables').selectAll().where('vpcId', '=', vpc).execute()
  for (const it of tables) await removeTable(tx, it)
}
