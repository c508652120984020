/** Gateway endpoints of VPCs. Which tables lead to one is said by their routes alone. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId, type ResourceId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { PrefixListRow } from '../../store/tables/prefix-lists.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { RouteTableRow, VpcEndpointRow } from '../../store/tables/vpcs.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { listTables } from '../route-tables/tables.ts'
import { removeTags } from '../tags/tags.ts'
import { listServices } from './services.ts'

/** Source: AWS PrivateLink Guide, "Quotas": gateway endpoints per region. */
const mostEndpoints = 20

/** The account's endpoints, or those named, in the order of their ids. */
export async function listEndpoints(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<VpcEndpointRow[]> {
  const rows = await reader.db
    .selectFrom('vpcEndpoints')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  return ids.length > 0 ? requireAll('vpc-endpoint', checkIds('vpc-endpoint', ids), rows) : rows
}

/** The service of this name. Refuses: InvalidServiceName. */
export async function findService(reader: Reader, name: string): Promise<PrefixListRow> {
  const services = await listServices(reader)
  return services.find((it) => it.name === name) ?? refuse('InvalidServiceName', { name })
}

/** Makes an endpoint that no table leads to yet. Refuses: VpcEndpointLimitExceeded. */
export async function makeEndpoint(
  tx: Transaction,
  vpc: VpcRow,
  { service, policy }: { readonly service: PrefixListRow; readonly policy: string },
  { now, random }: { readonly now: Date; readonly random: Random },
): Promise<VpcEndpointRow> {
  const { accountId, id: vpcId } = vpc
  if ((await listEndpoints(tx, accountId)).length >= mostEndpoints) refuse('VpcEndpointLimitExceeded')
  const id = newId('vpc-endpoint', random)
  const row = { id, accountId, vpcId, serviceName: service.name, policy, createdAt: now.getTime() }
  await tx.db.insertInto('vpcEndpoints').values(row).execute()
  return row
}

/** Has these tables lead to the endpoint. Refuses those of another VPC, and those that lead to the service already. */
export async function leadThere(tx: Transaction, endpoint: VpcEndpointRow, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const { id: destination } = await findService(tx, endpoint.serviceName)
  for (const { id } of await tablesOf(tx, endpoint, ids)) {
    const route = { routeTableId: id, destination, target: endpoint.id }
    const taken = tx.db.selectFrom('routes').select('target').where('routeTableId', '=', id)
    if (await taken.where('destination', '=', destination).executeTakeFirst())
      refuse('RouteAlreadyExists', {
        message: `route table ${id} already has a route with destination-prefix-list-id ${destination}`,
      })
    await tx.db.insertInto('routes').values(route).execute()
  }
  await wishVpc(tx, endpoint.vpcId)
}

/** Has these tables lead there no more. Refuses those that do not. */
export async function leadNoMore(tx: Transaction, endpoint: VpcEndpointRow, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const leading = new Set((await tablesLeadingTo(tx, [endpoint])).get(endpoint.id))
  const tables = (await tablesOf(tx, endpoint, ids)).map((it) => it.id)
  const stranger = tables.find((it) => !leading.has(it))
  if (stranger)
    refuse('InvalidParameter', { message: `Route table ${stranger} is not associated with endpoint ${endpoint.id}` })
  const routes = tx.db.deleteFrom('routes').where('target', '=', endpoint.id)
  await routes.where('routeTableId', 'in', tables).execute()
  await wishVpc(tx, endpoint.vpcId)
}

export async function changePolicy(tx: Transaction, { id }: VpcEndpointRow, policy: string): Promise<void> {
  await tx.db.updateTable('vpcEndpoints').set({ policy }).where('id', '=', id).execute()
}

/** Ends the endpoint, and the routes that lead there. */
export async function removeEndpoint(tx: Transaction, { id, vpcId }: VpcEndpointRow): Promise<void> {
  await tx.db.deleteFrom('routes').where('target', '=', id).execute()
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('vpcEndpoints').where('id', '=', id).execute()
  await wishVpc(tx, vpcId)
}

/** The tables that lead to each of these endpoints. */
export async function tablesLeadingTo(
  { db }: Reader,
  endpoints: readonly VpcEndpointRow[],
): Promise<ReadonlyMap<VpcEndpointRow['id'], ResourceId<'route-table'>[]>> {
  const ids = endpoints.map((it) => it.id)
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('routes')
    .select(['target', 'routeTableId'])
    .where('target', 'in', ids)
    .orderBy('routeTableId')
    .execute()
  const byEndpoint = Map.groupBy(rows, (it) => it.target)
  return new Map(ids.map((id) => [id, (byEndpoint.get(id) ?? []).map((it) => it.routeTableId)]))
}

async function tablesOf(
  tx: Transaction,
  { accountId, vpcId }: VpcEndpointRow,
  ids: readonly string[],
): Promise<RouteTableRow[]> {
  const tables = await listTables(tx, accountId, ids)
  const other = tables.find((it) => it.vpcId !== vpcId)
  if (other)
    refuse('InvalidParameter', { message: `Route table ${other.id} and network ${vpcId} belong to different networks` })
  return tables
}
