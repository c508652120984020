/** Free private addresses of a subnet, and hardware addresses. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import { free } from '../addresses/lend.ts'
import { inBlock, toAddress, toNumber, usable } from '../vpcs/addresses.ts'

/**
 * `count` free private addresses of `subnet`, chosen at random as EC2 seems to: an address that was just given back is
 * rarely the next. Refuses when there are not enough.
 */
export async function freePrivateAddresses(
  tx: Transaction,
  subnet: SubnetRow,
  count: number,
  random: Random,
): Promise<string[]> {
  const taken = new Set((await takenAddresses(tx, subnet)).map(toNumber))
  const { first, last } = usable(subnet.cidr)
  const size = last - first + 1
  if (size - taken.size < count) refuse('InsufficientFreeAddressesInSubnet', { id: subnet.id })
  return free({ first, size, start: random.bytes(4).readUInt32BE() % size }, count, taken).map(toAddress)
}

/** Every private address in the subnet that an interface has, as its primary one or beside it. */
export async function takenAddresses(reader: Reader, { id, vpcId, cidr }: SubnetRow): Promise<string[]> {
  const primary = await reader.db.selectFrom('interfaces').select('privateAddress').where('subnetId', '=', id).execute()
  const others = await reader.db.selectFrom('secondaryAddresses').select('address').where('vpcId', '=', vpcId).execute()
  return [
    ...primary.map((row) => row.privateAddress),
    ...others.map((row) => row.address).filter((it) => inBlock(cidr, it)),
  ]
}

/** A MAC address for an interface: locally administered, unicast, and with Amazon's `02` before the random part. */
export function newMac(random: Random): string {
  return ['02', ...random.bytes(5).toString('hex').match(/../g)!].join(':') // ten digits are five pairs
}
