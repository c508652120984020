/** Free addresses: private ones in a subnet, public ones of the pool. */
import type { Random } from '../../base/random.ts'
import type { Cloud } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import type { Transaction } from '../../store/store.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import { toAddress, toNumber, usable } from '../vpcs/addresses.ts'

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
  const rows = await tx.db.selectFrom('interfaces').select('privateAddress').where('subnetId', '=', subnet.id).execute()
  const taken = new Set(rows.map((row) => toNumber(row.privateAddress)))
  const { first, last } = usable(subnet.cidr)
  const size = last - first + 1
  if (size - taken.size < count) refuse('InsufficientFreeAddressesInSubnet', { id: subnet.id })
  const start = random.bytes(4).readUInt32BE() % size
  return take(count, size, (step) => first + ((start + step) % size), taken)
}

/** `count` free public addresses of the cloud's pool. Refuses when there are not enough. */
export async function freePublicAddresses(
  tx: Transaction,
  cloud: Cloud,
  count: number,
  random: Random,
): Promise<string[]> {
  const rows = await tx.db
    .selectFrom('interfaces')
    .select('publicAddress')
    .where('publicAddress', 'is not', null)
    .execute()
  const taken = new Set(rows.map((row) => toNumber(row.publicAddress!))) // filtered by `is not null`
  const [first, last] = [toNumber(cloud.publicPool.first), toNumber(cloud.publicPool.last)]
  const size = last - first + 1
  if (size - taken.size < count) refuse('InsufficientAddressCapacity')
  const start = random.bytes(4).readUInt32BE() % size
  return take(count, size, (step) => first + ((start + step) % size), taken)
}

function take(count: number, size: number, at: (step: number) => number, taken: ReadonlySet<number>): string[] {
  const found: string[] = []
  for (let step = 0; step < size && found.length < count; step++) {
    if (!taken.has(at(step))) found.push(toAddress(at(step)))
  }
  return found
}

/** A MAC address for an interface: locally administered, unicast, and with Amazon's `02` before the random part. */
export function newMac(random: Random): string {
  return ['02', ...random.bytes(5).toString('hex').match(/../g)!].join(':') // ten digits are five pairs
}
