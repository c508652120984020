/** Rows of IPv6: the blocks of VPCs and subnets, addresses of interfaces, gateways that let packets out alone. */
import type { AccountId, InterfaceId, ResourceId, SubnetId, VpcId } from '../../model/ids.ts'

export interface Ipv6Tables {
  vpcIpv6Blocks: VpcIpv6BlockRow
  subnetIpv6Blocks: SubnetIpv6BlockRow
  ipv6Addresses: Ipv6AddressRow
  egressOnlyGateways: EgressOnlyGatewayRow
}

/** A /56 of the cloud's pool. Networks and addresses are written as RFC 5952 has them: the same text is the same. */
export interface VpcIpv6BlockRow {
  id: ResourceId<'vpc-cidr-block-association'>
  vpcId: VpcId
  cidr: string
}

/** A /64 of one of the VPC's blocks. A subnet has one at most. */
export interface SubnetIpv6BlockRow {
  id: ResourceId<'subnet-cidr-block-association'>
  subnetId: SubnetId
  vpcId: VpcId
  cidr: string
}

export interface Ipv6AddressRow {
  address: string
  interfaceId: InterfaceId
  /** In which order the interface got them: the first is the one that DHCPv6 gives. */
  position: number
}

/** It is its VPC's from the beginning to its end. */
export interface EgressOnlyGatewayRow {
  id: ResourceId<'egress-only-internet-gateway'>
  accountId: AccountId
  vpcId: VpcId
}
