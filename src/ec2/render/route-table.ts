/** Route tables as answers show them. */

import type { Route, RouteTable, RouteTableAssociation } from '@aws-sdk/client-ec2'
import { isSix } from '../../base/ipv6.ts'
import { vpcBlocks6 } from '../../control/ipv6/vpc-blocks.ts'
import { isList, routesOf } from '../../control/route-tables/routes.ts'
import { type LiveTargets, liveTargets, targetKind, wayOf } from '../../control/route-tables/targets.ts'
import { type Tags, tagList, withTags } from '../../control/tags/tags.ts'
import { cidrsOf } from '../../control/vpcs/cidrs.ts'
import type { Reader } from '../../store/store.ts'
import type { RouteRow, RouteTableAssociationRow, RouteTableRow } from '../../store/tables/vpcs.ts'

export interface FullTable extends RouteTableRow {
  readonly tags: Tags
  readonly associations: readonly RouteTableAssociationRow[]
  readonly routes: readonly Route[]
}

/** Tables with their routes, the local ones first, and the subnets that have them. */
export async function fullTables(reader: Reader, rows: readonly RouteTableRow[]): Promise<FullTable[]> {
  const live = await liveTargets(reader)
  const full: FullTable[] = []
  for (const row of await withTags(reader, rows)) {
    const vpc = await reader.db.selectFrom('vpcs').selectAll().where('id', '=', row.vpcId).executeTakeFirstOrThrow()
    const sixes = (await vpcBlocks6(reader, [vpc.id])).map((it) => it.cidr)
    const local = [...(await cidrsOf(reader, vpc)), ...sixes].map(localRoute)
    const others = await Promise.all((await routesOf(reader, row)).map((it) => renderRoute(reader, row, it, live)))
    const associations = await reader.db
      .selectFrom('routeTableAssociations')
      .selectAll()
      .where('routeTableId', '=', row.id)
      .orderBy('id')
      .execute()
    full.push({ ...row, associations, routes: [...local, ...others] })
  }
  return full
}

function localRoute(cidr: string): Route {
  return { ...destination(cidr), GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' }
}

function destination(cidr: string): Route {
  if (isList(cidr)) return { DestinationPrefixListId: cidr }
  return isSix(cidr) ? { DestinationIpv6CidrBlock: cidr } : { DestinationCidrBlock: cidr }
}

/** A route to an interface also says whose it is. */
async function renderRoute(
  { db }: Reader,
  { vpcId }: RouteTableRow,
  route: RouteRow,
  live: LiveTargets,
): Promise<Route> {
  const kind = targetKind(route.target)
  const nic =
    kind === 'NetworkInterfaceId'
      ? await db
          .selectFrom('interfaces')
          .select(['instanceId', 'accountId'])
          .where('id', '=', route.target as `eni-${string}`) // of that kind
          .executeTakeFirst()
      : undefined
  return {
    ...destination(route.destination),
    [kind]: route.target,
    ...(nic?.instanceId && { InstanceId: nic.instanceId, InstanceOwnerId: nic.accountId }),
    Origin: 'CreateRoute',
    State: wayOf(route, vpcId, live).kind === 'nowhere' ? 'blackhole' : 'active',
  }
}

export function renderTable(row: FullTable): RouteTable {
  return {
    RouteTableId: row.id,
    VpcId: row.vpcId,
    OwnerId: row.accountId,
    Associations: row.associations.map(renderAssociation),
    PropagatingVgws: [],
    Routes: [...row.routes],
    Tags: tagList(row.tags),
  }
}

function renderAssociation({ id, routeTableId, subnetId }: RouteTableAssociationRow): RouteTableAssociation {
  return {
    RouteTableAssociationId: id,
    RouteTableId: routeTableId,
    Main: subnetId === null,
    ...(subnetId !== null && { SubnetId: subnetId }),
    AssociationState: { State: 'associated' },
  }
}
