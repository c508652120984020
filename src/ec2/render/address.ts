/** Elastic addresses as answers have them. Source: EC2 API Reference, "Address", "AddressAttribute". */
import type { Address, AddressAttribute } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'

/** The only pool there is, under the name that EC2's own has. */
export const publicPool = 'amazon'

export interface FullAddress extends AddressRow {
  readonly tags: Tags
  readonly region: string
  readonly nic: InterfaceRow | undefined
}

export function renderAddress(row: FullAddress): Address {
  const { nic } = row
  return {
    PublicIp: row.publicAddress,
    AllocationId: row.id,
    Domain: 'vpc',
    PublicIpv4Pool: publicPool,
    NetworkBorderGroup: row.region,
    ...(nic && {
      AssociationId: row.associationId ?? undefined,
      NetworkInterfaceId: nic.id,
      NetworkInterfaceOwnerId: nic.accountId,
      PrivateIpAddress: row.privateAddress ?? undefined,
      ...(nic.instanceId !== null && { InstanceId: nic.instanceId }),
    }),
    Tags: tagList(row.tags),
  }
}

export function renderAddressAttribute({ publicAddress, id, reverseName }: AddressRow): AddressAttribute {
  return { PublicIp: publicAddress, AllocationId: id, ...(reverseName !== null && { PtrRecord: reverseName }) }
}
