import type { ResourceId, SubnetId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { DhcpOptionsRow, RouteRow, RouteTableRow, VpcBlockRow } from '../../store/tables/vpcs.ts'
import { type LiveTargets, liveTargets } from '../route-tables/targets.ts'
import { blocksOf } from '../vpcs/cidrs.ts'

/** What VPCs are made of and lead to, in all of the cloud. */
export interface NetworkScene {
  readonly blocks: ReadonlyMap<VpcId, readonly VpcBlockRow[]>
  readonly tables: readonly RouteTableRow[]
  readonly routes: ReadonlyMap<ResourceId<'route-table'>, readonly RouteRow[]>
  /** The tables that subnets chose, and the main ones of VPCs. */
  readonly tableOf: ReadonlyMap<SubnetId | VpcId, ResourceId<'route-table'>>
  readonly live: LiveTargets
  readonly dhcpOptions: ReadonlyMap<ResourceId<'dhcp-options'>, DhcpOptionsRow>
}

export async function readNetwork(reader: Reader, vpcs: readonly VpcRow[]): Promise<NetworkScene> {
  const { db } = reader
  const tables = await db.selectFrom('routeTables').selectAll().orderBy('number').execute()
  const routes = await db.selectFrom('routes').selectAll().orderBy('destination').execute()
  const associations = await db.selectFrom('routeTableAssociations').selectAll().execute()
  const options = await db.selectFrom('dhcpOptions').selectAll().execute()
  return {
    blocks: await blocksOf(reader, vpcs),
    tables,
    routes: Map.groupBy(routes, (it) => it.routeTableId),
    tableOf: new Map(associations.map((it) => [it.subnetId ?? it.vpcId, it.routeTableId])),
    live: await liveTargets(reader),
    dhcpOptions: new Map(options.map((it) => [it.id, it])),
  }
}
