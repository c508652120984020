import { refuse } from '../../model/errors.ts'
import type { Transaction } from '../../store/store.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import { subnetBlocks6 } from '../ipv6/subnet-blocks.ts'

/** What interfaces made in the subnet get from then on. Refuses addresses of IPv6 where there are none to give. */
export async function setSubnetAttribute(
  tx: Transaction,
  { id }: SubnetRow,
  name: 'mapsPublic' | 'assignsIpv6',
  value: boolean,
): Promise<void> {
  if (name === 'assignsIpv6' && value && (await subnetBlocks6(tx, [id])).size === 0)
    refuse('InvalidParameterValue', {
      message: `Invalid value for parameter assignIpv6AddressOnCreation: the subnet '${id}' does not have an IPv6 CIDR block.`,
    })
  await tx.db
    .updateTable('subnets')
    .set({ [name]: value ? 1 : 0 })
    .where('id', '=', id)
    .execute()
}
