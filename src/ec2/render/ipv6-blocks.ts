/** Blocks of IPv6 as answers have them. */
import type { SubnetIpv6CidrBlockAssociation, VpcIpv6CidrBlockAssociation } from '@aws-sdk/client-ec2'
import type { SubnetIpv6BlockRow, VpcIpv6BlockRow } from '../../store/tables/ipv6.ts'

/** Source: EC2 API Reference, "VpcIpv6CidrBlockAssociation"; the pool of blocks that Amazon gives is called `Amazon`. */
export const amazonPool = 'Amazon'

export function renderVpcBlock6(
  region: string,
  { id, cidr }: VpcIpv6BlockRow,
  State: 'associated' | 'disassociated' = 'associated',
): VpcIpv6CidrBlockAssociation {
  return {
    AssociationId: id,
    Ipv6CidrBlock: cidr,
    Ipv6CidrBlockState: { State },
    NetworkBorderGroup: region,
    Ipv6Pool: amazonPool,
    Ipv6AddressAttribute: 'public',
    IpSource: 'amazon',
  }
}

export function renderSubnetBlock6(
  { id, cidr }: SubnetIpv6BlockRow,
  State: 'associated' | 'disassociated' = 'associated',
): SubnetIpv6CidrBlockAssociation {
  return {
    AssociationId: id,
    Ipv6CidrBlock: cidr,
    Ipv6CidrBlockState: { State },
    Ipv6AddressAttribute: 'public',
    IpSource: 'amazon',
  }
}
