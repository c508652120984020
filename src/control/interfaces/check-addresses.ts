/** Private addresses that a caller names. */
import { refuse } from '../../model/errors.ts'
import type { Reader } from '../../store/store.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import { inBlock, isAddress, toNumber, usable } from '../vpcs/addresses.ts'
import { takenAddresses } from './allocate.ts'

/** Refuses what an interface in the subnet cannot have: addresses outside, kept by EC2, taken, or named twice. */
export async function checkAddresses(reader: Reader, subnet: SubnetRow, addresses: readonly string[]): Promise<void> {
  if (addresses.length === 0) return
  const taken = new Set(await takenAddresses(reader, subnet))
  for (const address of addresses) {
    checkAddress(subnet, address)
    if (taken.has(address)) refuse('InvalidIPAddress.InUse', { message: `Address ${address} is in use.` })
    taken.add(address)
  }
}

/** Refuses what is not the subnet's to give. Source: for the texts, errors of EC2 quoted in public. */
export function checkAddress({ cidr }: SubnetRow, address: string): void {
  if (!isAddress(address)) refuse('InvalidParameterValue', { message: `Invalid IPv4 address: ${address}` })
  if (!inBlock(cidr, address))
    refuse('InvalidParameterValue', { message: `Address ${address} does not fall within the subnet's address range` })
  const { first, last } = usable(cidr)
  if (toNumber(address) < first || toNumber(address) > last)
    refuse('InvalidParameterValue', { message: `Address ${address} is in subnet's reserved address range` })
}
