/** Public addresses that an interface has while its instance runs: taken from the pool, and given back. */
import type { Random } from '../../base/random.ts'
import type { Cloud } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import { type InterfaceId, newId } from '../../model/ids.ts'
import { insertRow, prepared } from '../../store/prepared.ts'
import type { Transaction } from '../../store/store.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'
import { inGrowingLists, toAddress, toNumber } from '../vpcs/addresses.ts'

interface Around {
  readonly cloud: Cloud
  readonly now: Date
  readonly random: Random
}

/** Gives each of these interfaces a public address for its primary private one. Refuses when there are not enough. */
export async function lendAddresses(tx: Transaction, nics: readonly InterfaceRow[], around: Around): Promise<void> {
  const free = await freePublicAddresses(tx, around.cloud, nics.length, around.random)
  for (const [index, { id, accountId, privateAddress }] of nics.entries()) {
    await insertRow(tx, 'addresses', {
      id: newId('elastic-ip', around.random),
      accountId,
      publicAddress: free[index]!, // as many as asked for
      elastic: 0,
      associationId: null,
      interfaceId: id,
      privateAddress,
      reverseName: null,
      createdAt: around.now.getTime(),
    })
  }
}

/** Takes back what was lent to these interfaces. Elastic addresses stay where they are. */
export async function takeBackAddresses(tx: Transaction, interfaces: readonly InterfaceId[]): Promise<void> {
  if (interfaces.length === 0) return
  await tx.db.deleteFrom('addresses').where('interfaceId', 'in', interfaces).where('elastic', '=', 0).execute()
}

/**
 * `count` free addresses of the cloud's pool, from a random one on, and far from each other: those that are taken may lie side by side.
 * Refuses when there are not enough.
 */
export async function freePublicAddresses(
  tx: Transaction,
  cloud: Cloud,
  count: number,
  random: Random,
): Promise<string[]> {
  const [first, last] = [toNumber(cloud.publicPool.first), toNumber(cloud.publicPool.last)]
  const size = last - first + 1
  const start = random.bytes(4).readUInt32BE() % size
  const stride = size % farApart === 0 ? 1 : farApart // So that each is met once.
  const found: string[] = []
  for (const steps of inGrowingLists(size)) {
    const some = steps.map((step) => toAddress(first + ((start + step * stride) % size)))
    const rows = await inUse(tx, some)
    const taken = new Set(rows.map((row) => row.publicAddress))
    found.push(...some.filter((it) => !taken.has(it)))
    if (found.length >= count) break
  }
  if (found.length < count) refuse('InsufficientAddressCapacity')
  return found.slice(0, count)
}

const inUse = prepared((db, addresses: readonly string[]) =>
  db.selectFrom('addresses').select('publicAddress').where('publicAddress', 'in', addresses),
)

/** A prime. */
const farApart = 7919
