import type { ResourceId, SubnetId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { SubnetIpv6BlockRow, VpcIpv6BlockRow } from '../../store/tables/ipv6.ts'
import type { SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import type { DhcpOptionsRow, RouteRow, RouteTableRow, VpcBlockRow } from '../../store/tables/vpcs.ts'
import { subnetBlocks6 } from '../ipv6/subnet-blocks.ts'
import { vpcBlocks6 } from '../ipv6/vpc-blocks.ts'
import { networksOf, type PrefixListId } from '../prefix-lists/find.ts'
import { isList } from '../route-tables/routes.ts'
import { type LiveTargets, liveGateways } from '../route-tables/targets.ts'
import { listServices } from '../vpc-endpoints/services.ts'
import { blocksOf } from '../vpcs/cidrs.ts'
import type { Guests } from './guests.ts'

/** What VPCs are made of and lead to, in all of the cloud; guests apart, of whom there are many more. */
export interface NetworkScene {
  readonly vpcs: readonly VpcRow[]
  readonly subnets: ReadonlyMap<VpcId, readonly SubnetRow[]>
  readonly blocks: ReadonlyMap<VpcId, readonly VpcBlockRow[]>
  /** Those of IPv6, by VPC and by subnet. */
  readonly blocks6: ReadonlyMap<VpcId, readonly VpcIpv6BlockRow[]>
  readonly subnetBlocks6: ReadonlyMap<SubnetId, SubnetIpv6BlockRow>
  readonly tables: ReadonlyMap<VpcId, readonly RouteTableRow[]>
  readonly routes: ReadonlyMap<ResourceId<'route-table'>, readonly RouteRow[]>
  /** The tables that subnets chose, and the main ones of VPCs. */
  readonly tableOf: ReadonlyMap<SubnetId | VpcId, ResourceId<'route-table'>>
  readonly live: LiveTargets
  /** Underlay address of the host that leads to the outside. */
  readonly edge: string | undefined
  readonly dhcpOptions: ReadonlyMap<ResourceId<'dhcp-options'>, DhcpOptionsRow>
  /** Networks of the prefix lists that routes name. */
  readonly lists: ReadonlyMap<PrefixListId, readonly string[]>
  /** Whether guests may find the object store. */
  readonly objects: boolean
}

export async function readNetwork(reader: Reader, guests: Guests): Promise<NetworkScene> {
  const { db } = reader
  const vpcs = await db.selectFrom('vpcs').selectAll().orderBy('id').execute()
  const subnets = await db.selectFrom('subnets').selectAll().orderBy('id').execute()
  const tables = await db.selectFrom('routeTables').selectAll().orderBy('number').execute()
  const routes = await db.selectFrom('routes').selectAll().orderBy('destination').execute()
  const associations = await db.selectFrom('routeTableAssociations').selectAll().execute()
  const edge = await db.selectFrom('hosts').select('underlayAddress').where('isEdge', '=', 1).executeTakeFirst()
  const options = await db.selectFrom('dhcpOptions').selectAll().execute()
  return {
    vpcs,
    subnets: Map.groupBy(subnets, (it) => it.vpcId),
    blocks: await blocksOf(reader, vpcs),
    blocks6: Map.groupBy(await vpcBlocks6(reader), (it) => it.vpcId),
    subnetBlocks6: await subnetBlocks6(reader),
    tables: Map.groupBy(tables, (it) => it.vpcId),
    routes: Map.groupBy(routes, (it) => it.routeTableId),
    tableOf: new Map(associations.map((it) => [it.subnetId ?? it.vpcId, it.routeTableId])),
    live: { ...(await liveGateways(reader)), vpcOfInterface: (id) => vpcOfRunning(guests, id) },
    edge: edge?.underlayAddress,
    dhcpOptions: new Map(options.map((it) => [it.id, it])),
    lists: await networksOf(reader, [...new Set(routes.map((it) => it.destination))].filter(isList)),
    objects: (await listServices(reader)).length > 0,
  }
}

function vpcOfRunning(guests: Guests, id: ResourceId<'network-interface'>): VpcId | undefined {
  const guest = guests.with(id)
  return guest?.instance.power === 'on' ? guest.interfaces.find((it) => it.id === id)?.vpcId : undefined
}
