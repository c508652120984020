import type { Subnet } from '@aws-sdk/client-ec2'
import { takenAddresses } from '../../control/interfaces/allocate.ts'
import { subnetBlocks6 } from '../../control/ipv6/subnet-blocks.ts'
import { type Tags, tagList, tagsOf } from '../../control/tags/tags.ts'
import { usable } from '../../control/vpcs/addresses.ts'
import { ec2Arn } from '../../model/arns.ts'
import { type Cloud, zoneId } from '../../model/cloud.ts'
import type { Reader } from '../../store/store.ts'
import type { SubnetIpv6BlockRow } from '../../store/tables/ipv6.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import { renderSubnetBlock6 } from './ipv6-blocks.ts'

export interface FullSubnet extends SubnetRow {
  readonly tags: Tags
  readonly zoneId: string
  readonly arn: string
  readonly free: number
  readonly block6: SubnetIpv6BlockRow | undefined
}

/** Subnets with what answers say of them. */
export async function fullSubnets(reader: Reader, cloud: Cloud, rows: readonly SubnetRow[]): Promise<FullSubnet[]> {
  const tags = await tagsOf(
    reader,
    rows.map((it) => it.id),
  )
  const blocks6 = await subnetBlocks6(
    reader,
    rows.map((it) => it.id),
  )
  const full: FullSubnet[] = []
  for (const row of rows) {
    const { first, last } = usable(row.cidr)
    const free = last - first + 1 - (await takenAddresses(reader, row)).length
    const arn = ec2Arn(cloud, row.accountId, 'subnet', row.id)
    const block6 = blocks6.get(row.id)
    full.push({ ...row, tags: tags.get(row.id) ?? {}, arn, zoneId: zoneId(cloud, row.zone), free, block6 })
  }
  return full
}

export function renderSubnet(row: FullSubnet): Subnet {
  return {
    SubnetId: row.id,
    SubnetArn: row.arn,
    VpcId: row.vpcId,
    OwnerId: row.accountId,
    State: 'available',
    AvailabilityZone: row.zone,
    AvailabilityZoneId: row.zoneId,
    CidrBlock: row.cidr,
    AvailableIpAddressCount: row.free,
    DefaultForAz: row.isDefault === 1,
    MapPublicIpOnLaunch: row.mapsPublic === 1,
    MapCustomerOwnedIpOnLaunch: false,
    AssignIpv6AddressOnCreation: row.assignsIpv6 === 1,
    Ipv6CidrBlockAssociationSet: row.block6 ? [renderSubnetBlock6(row.block6)] : [],
    Ipv6Native: false,
    EnableDns64: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    Tags: tagList(row.tags),
  }
}
