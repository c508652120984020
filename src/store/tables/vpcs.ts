/** Rows of what is in a VPC beside its subnets: blocks, route tables, gateways, peerings, DHCP options. */
import type { AccountId, InterfaceId, ResourceId, SubnetId, VpcId } from '../../model/ids.ts'
import type { NatGatewayState, PeeringState } from '../../model/network-states.ts'
import type { Truth } from './resources.ts'

export interface VpcTables {
  vpcBlocks: VpcBlockRow
  dhcpOptions: DhcpOptionsRow
  routeTables: RouteTableRow
  routeTableAssociations: RouteTableAssociationRow
  routes: RouteRow
  internetGateways: InternetGatewayRow
  natGateways: NatGatewayRow
  peerings: PeeringRow
  vpcEndpoints: VpcEndpointRow
}

/** A block of addresses that a VPC was given beside its first. */
export interface VpcBlockRow {
  id: ResourceId<'vpc-cidr-block-association'>
  vpcId: VpcId
  cidr: string
}

export interface DhcpOptionsRow {
  id: ResourceId<'dhcp-options'>
  accountId: AccountId
  /** By EC2's names, as `DhcpOptionsJson`. */
  optionsJson: string
}

/** What `optionsJson` holds: the values of each option. */
export type DhcpOptionsJson = Readonly<Record<string, readonly string[]>>

export interface RouteTableRow {
  id: ResourceId<'route-table'>
  vpcId: VpcId
  accountId: AccountId
  /** By which hosts know it: one of its own in the whole cloud, never given again. */
  number: number
}

/** Without a subnet: it is the VPC's main table. */
export interface RouteTableAssociationRow {
  id: ResourceId<'route-table-association'>
  routeTableId: ResourceId<'route-table'>
  vpcId: VpcId
  subnetId: SubnetId | null
}

/** Ways within the VPC are not here: they follow from its blocks. */
export interface RouteRow {
  routeTableId: ResourceId<'route-table'>
  /** A block, or the id of a prefix list. */
  destination: string
  /** Whose id it is says which kind of target it is. An instance's is the interface that it had. */
  target: RouteTarget
}

export type RouteTarget =
  | ResourceId<'internet-gateway'>
  | ResourceId<'natgateway'>
  | ResourceId<'egress-only-internet-gateway'>
  | ResourceId<'vpc-peering-connection'>
  | ResourceId<'vpc-endpoint'>
  | InterfaceId

export interface InternetGatewayRow {
  id: ResourceId<'internet-gateway'>
  accountId: AccountId
  vpcId: VpcId | null
}

export interface NatGatewayRow {
  id: ResourceId<'natgateway'>
  accountId: AccountId
  vpcId: VpcId
  subnetId: SubnetId
  state: NatGatewayState
  createdAt: number
  deletedAt: number | null
  interfaceId: InterfaceId
  privateAddress: string
  allocationId: ResourceId<'elastic-ip'>
  publicAddress: string
  /** The generation in which the edge heard of its newest state. */
  wishedIn: number
}

/** A gateway endpoint: a way from the VPC to a service. The tables that lead there have a route to it. */
export interface VpcEndpointRow {
  id: ResourceId<'vpc-endpoint'>
  accountId: AccountId
  vpcId: VpcId
  serviceName: string
  /** JSON, as the caller wrote it. */
  policy: string
  createdAt: number
}

export interface PeeringRow {
  id: ResourceId<'vpc-peering-connection'>
  /** Who asked. */
  requesterVpcId: VpcId
  requesterAccountId: AccountId
  requesterCidrsJson: string
  accepterVpcId: VpcId
  accepterAccountId: AccountId
  accepterCidrsJson: string
  state: PeeringState
  /** Whether guests of the other VPC hear private addresses for public names of this side's. */
  requesterSharesNames: Truth
  accepterSharesNames: Truth
  /** When it came into that state. */
  changedAt: number
  expiresAt: number
}
