/** Routes of a table: where packets to a block go. Those within the VPC are not kept: they follow from its blocks. */
import { isSix } from '../../base/ipv6.ts'
import { refuse } from '../../model/errors.ts'
import { isId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { RouteRow, RouteTableRow } from '../../store/tables/vpcs.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { contains6 } from '../ipv6/networks.ts'
import { vpcBlocks6 } from '../ipv6/vpc-blocks.ts'
import type { PrefixListId } from '../prefix-lists/find.ts'
import { contains } from '../vpcs/blocks.ts'
import { cidrsOf } from '../vpcs/cidrs.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": routes per route table, counted for each version of IP. */
const mostRoutes = 50

/** Whether a route is for a prefix list. */
export function isList(destination: string): destination is PrefixListId {
  return isId('prefix-list', destination)
}

export type NewRoute = Omit<RouteRow, 'routeTableId'>

/** Routes of a table, in the order of their blocks as texts. */
export function routesOf(reader: Reader, table: RouteTableRow): Promise<RouteRow[]> {
  return reader.db
    .selectFrom('routes')
    .selectAll()
    .where('routeTableId', '=', table.id)
    .orderBy('destination')
    .execute()
}

/** Adds a route. Refuses: RouteAlreadyExists, RouteLimitExceeded, and a block within the VPC. */
export async function addRoute(tx: Transaction, table: RouteTableRow, route: NewRoute): Promise<void> {
  const there = await routesOf(tx, table)
  await checkDestination(tx, table, route)
  if (there.some((it) => it.destination === route.destination))
    refuse('RouteAlreadyExists', { destination: route.destination })
  await tx.db
    .insertInto('routes')
    .values({ routeTableId: table.id, ...route })
    .execute()
  await refuseTooManyRoutes(tx, table.id)
  await wishVpc(tx, table.vpcId)
}

/** Leads the route elsewhere. Refuses one that is not there. */
export async function replaceRoute(tx: Transaction, table: RouteTableRow, route: NewRoute): Promise<void> {
  await checkDestination(tx, table, route)
  const { destination, target } = route
  await refuseOfEndpoint(tx, table, destination)
  const changed = await tx.db
    .updateTable('routes')
    .set({ target })
    .where('routeTableId', '=', table.id)
    .where('destination', '=', destination)
    .executeTakeFirst()
  if (changed.numUpdatedRows === 0n)
    refuse('InvalidParameterValue', {
      message: `There is no route defined for '${destination}' in the route table. Use CreateRoute instead.`,
    })
  await wishVpc(tx, table.vpcId)
}

export async function removeRoute(tx: Transaction, table: RouteTableRow, destination: string): Promise<void> {
  if ((await localBlocks(tx, table)).includes(destination))
    refuse('InvalidParameterValue', { message: `cannot remove local route ${destination} in route table ${table.id}` })
  await refuseOfEndpoint(tx, table, destination)
  const removed = await tx.db
    .deleteFrom('routes')
    .where('routeTableId', '=', table.id)
    .where('destination', '=', destination)
    .executeTakeFirst()
  if (removed.numDeletedRows === 0n) refuse('InvalidRoute.NotFound', { destination, table: table.id })
  await wishVpc(tx, table.vpcId)
}

/**
 * Refuses more routes than a table may have. One to a prefix list counts as all the entries that the list may have; one that an endpoint made
 * does not count. Source: VPC User Guide, "Prefix lists concepts and rules"; AWS PrivateLink Guide, "Gateway endpoints".
 */
export async function refuseTooManyRoutes(tx: Transaction, table: RouteTableRow['id']): Promise<void> {
  const rows = await tx.db
    .selectFrom('routes')
    .leftJoin('prefixLists', 'prefixLists.id', 'routes.destination')
    .select(['routes.target', 'routes.destination', 'prefixLists.maxEntries'])
    .where('routes.routeTableId', '=', table)
    .execute()
  const counted = rows.filter((it) => !isId('vpc-endpoint', it.target))
  for (const alike of Map.groupBy(counted, (it) => isSix(it.destination)).values())
    if (alike.reduce((sum, it) => sum + (it.maxEntries ?? 1), 0) > mostRoutes) refuse('RouteLimitExceeded')
}

/** An endpoint's route comes and goes with its association. Guess: the text. Source: AWS PrivateLink Guide, "Gateway endpoints", routing. */
async function refuseOfEndpoint(tx: Transaction, { id }: RouteTableRow, destination: string): Promise<void> {
  const row = await tx.db
    .selectFrom('routes')
    .select('target')
    .where('routeTableId', '=', id)
    .where('destination', '=', destination)
    .executeTakeFirst()
  if (row && isId('vpc-endpoint', row.target))
    refuse('InvalidParameterValue', { message: `cannot remove VPC endpoint route ${destination} in route table ${id}` })
}

/** Source: VPC User Guide, "Route priority". That EC2 takes some longer prefixes within the VPC is not served. */
async function checkDestination(tx: Transaction, table: RouteTableRow, { destination }: NewRoute): Promise<void> {
  if (isList(destination)) return
  const blocks = await localBlocks(tx, table)
  if (blocks.includes(destination)) refuse('RouteAlreadyExists', { destination })
  if (blocks.some((it) => isSix(it) === isSix(destination) && (isSix(it) ? contains6 : contains)(it, destination)))
    refuse('UnsupportedOperation', {
      message: `A route to ${destination}, within the VPC, is not served by this cloud.`,
    })
}

async function localBlocks(tx: Transaction, { vpcId }: RouteTableRow): Promise<string[]> {
  const vpc = await tx.db.selectFrom('vpcs').selectAll().where('id', '=', vpcId).executeTakeFirstOrThrow()
  return [...(await cidrsOf(tx, vpc)), ...(await vpcBlocks6(tx, [vpcId])).map((it) => it.cidr)]
}
