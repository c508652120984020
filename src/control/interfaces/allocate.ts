/** Free private addresses of a subnet, and hardware addresses. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import type { VpcId } from '../../model/ids.ts'
import { prepared, rowsWhere } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import { inBlock, inGrowingLists, toAddress, usable } from '../vpcs/addresses.ts'

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
  const { first, last } = usable(subnet.cidr)
  const size = last - first + 1
  const start = random.bytes(4).readUInt32BE() % size
  const found: string[] = []
  for (const steps of inGrowingLists(size)) {
    const some = steps.map((step) => toAddress(first + ((start + step) % size)))
    const taken = new Set(
      [...(await primaryOf(tx, subnet.vpcId, some)), ...(await secondaryOf(tx, subnet.vpcId, some))].map(
        (it) => it.address,
      ),
    )
    found.push(...some.filter((it) => !taken.has(it)))
    if (found.length >= count) break
  }
  if (found.length < count) refuse('InsufficientFreeAddressesInSubnet', { id: subnet.id })
  return found.slice(0, count)
}

const primaryOf = prepared((db, vpc: VpcId, some: readonly string[]) =>
  db
    .selectFrom('interfaces')
    .select('privateAddress as address')
    .where('vpcId', '=', vpc)
    .where('privateAddress', 'in', some),
)
const secondaryOf = prepared((db, vpc: VpcId, some: readonly string[]) =>
  db.selectFrom('secondaryAddresses').select('address').where('vpcId', '=', vpc).where('address', 'in', some),
)

/** Every private address in the subnet that an interface has, as its primary one or beside it. */
export async function takenAddresses(reader: Reader, { id, vpcId, cidr }: SubnetRow): Promise<string[]> {
  const primary = await primaryIn(reader, id)
  const others = await rowsWhere(reader, 'secondaryAddresses', { vpcId })
  return [
    ...primary.map((row) => row.privateAddress),
    ...others.map((row) => row.address).filter((it) => inBlock(cidr, it)),
  ]
}

const primaryIn = prepared((db, subnet: SubnetRow['id']) =>
  db.selectFrom('interfaces').select('privateAddress').where('subnetId', '=', subnet),
)

/** A MAC address for an interface: locally administered, unicast, and with Amazon's `02` before the random part. */
export function newMac(random: Random): string {
  return ['02', ...random.bytes(5).toString('hex').match(/../g)!].join(':') // ten digits are five pairs
}
