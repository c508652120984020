/** Lines of what VPCs are made of. Source: euca2ools 3.4. */
import type {
  DhcpOptions,
  InternetGateway,
  NatGateway,
  RouteTable,
  Subnet,
  Vpc,
  VpcPeeringConnection,
} from '@aws-sdk/client-ec2'
import { type Line, tagLines } from '../lines.ts'

export function vpcLines(it: Vpc): Line[] {
  const fields = [it.VpcId, it.State, it.CidrBlock, it.DhcpOptionsId, it.InstanceTenancy]
  return [['VPC', ...fields], ...tagLines(it.VpcId, it.Tags)]
}

export function subnetLines(it: Subnet): Line[] {
  const place = [it.SubnetId, it.State, it.VpcId, it.CidrBlock, it.AvailableIpAddressCount, it.AvailabilityZone]
  return [['SUBNET', ...place, it.DefaultForAz, it.MapPublicIpOnLaunch], ...tagLines(it.SubnetId, it.Tags)]
}

export function internetGatewayLines(it: InternetGateway): Line[] {
  const attachments = (it.Attachments ?? []).map((to): Line => ['ATTACHMENT', to.VpcId, to.State])
  return [['INTERNETGATEWAY', it.InternetGatewayId], ...attachments, ...tagLines(it.InternetGatewayId, it.Tags)]
}

export function natGatewayLines(it: NatGateway): Line[] {
  const failure = [it.FailureCode, it.FailureMessage]
  const addresses = (it.NatGatewayAddresses ?? []).map(
    (at): Line => ['NATGATEWAYADDRESSES', at.AllocationId, at.NetworkInterfaceId, at.PublicIp, at.PrivateIp],
  )
  return [
    ['NATGATEWAY', it.NatGatewayId, it.State, it.SubnetId, it.VpcId, ...failure, it.CreateTime, it.DeleteTime],
    ...addresses,
  ]
}

export function routeTableLines(it: RouteTable): Line[] {
  const routes = (it.Routes ?? []).map((route): Line => {
    const gateway = route.GatewayId || route.InstanceId || route.NetworkInterfaceId
    const target = gateway || route.NatGatewayId || route.VpcPeeringConnectionId
    return ['ROUTE', target, route.State, route.DestinationCidrBlock, route.Origin]
  })
  const associations = (it.Associations ?? []).map(
    (of): Line => ['ASSOCIATION', of.RouteTableAssociationId, of.SubnetId, of.Main ? 'main' : ''],
  )
  return [['ROUTETABLE', it.RouteTableId, it.VpcId], ...routes, ...associations, ...tagLines(it.RouteTableId, it.Tags)]
}

export function dhcpOptionsLines(it: DhcpOptions): Line[] {
  const options = (it.DhcpConfigurations ?? []).map(
    (one): Line => ['OPTION', one.Key, (one.Values ?? []).map((value) => value.Value).join(',')],
  )
  return [['DHCPOPTIONS', it.DhcpOptionsId], ...options, ...tagLines(it.DhcpOptionsId, it.Tags)]
}

export function peeringLines(it: VpcPeeringConnection): Line[] {
  const { RequesterVpcInfo: requester, AccepterVpcInfo: accepter, Status: status } = it
  const state = `${status?.Code}: ${status?.Message}`
  return [
    ['VPCPEERINGCONNECTION', it.VpcPeeringConnectionId, it.ExpirationTime, state],
    ['REQUESTERVPCINFO', requester?.VpcId, requester?.CidrBlock, requester?.OwnerId],
    ['ACCEPTERVPCINFO', accepter?.VpcId, accepter?.CidrBlock, accepter?.OwnerId],
    ...tagLines(it.VpcPeeringConnectionId, it.Tags),
  ]
}
