/** Elastic addresses come to an account, and leave it. */
import type { Random } from '../../base/random.ts'
import { type Cloud, mostElasticAddresses } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import { removeTags } from '../tags/tags.ts'
import { toNumber } from '../vpcs/addresses.ts'
import { checkAddress, listElastic } from './find.ts'
import { nowhere } from './leave.ts'
import { freePublicAddresses } from './lend.ts'

/** Gives the account an address of the pool: `wanted`, or any. Refuses more than the quota, and one that is not free. */
export async function allocateElastic(
  tx: Transaction,
  account: AccountId,
  wanted: string | undefined,
  { cloud, now, random }: { cloud: Cloud; now: Date; random: Random },
): Promise<AddressRow> {
  if ((await listElastic(tx, account)).length >= mostElasticAddresses(cloud)) refuse('AddressLimitExceeded')
  const publicAddress = wanted ? await checkFree(tx, cloud, wanted) : await anyFree(tx, cloud, random)
  const row: AddressRow = {
    id: newId('elastic-ip', random),
    accountId: account,
    publicAddress,
    elastic: 1,
    ...nowhere,
    reverseName: null,
    createdAt: now.getTime(),
  }
  await tx.db.insertInto('addresses').values(row).execute()
  return row
}

async function anyFree(tx: Transaction, cloud: Cloud, random: Random): Promise<string> {
  const [address] = await freePublicAddresses(tx, cloud, 1, random)
  return address! // freePublicAddresses refuses fewer than asked for
}

/** Guess: one answer for what is not in the pool and for what somebody has; EC2 tells nobody of others' addresses. */
async function checkFree(tx: Transaction, { publicPool }: Cloud, address: string): Promise<string> {
  checkAddress('address', address)
  const number = toNumber(address)
  const inPool = number >= toNumber(publicPool.first) && number <= toNumber(publicPool.last)
  const taken = await tx.db.selectFrom('addresses').select('id').where('publicAddress', '=', address).executeTakeFirst()
  return inPool && !taken ? address : refuse('InvalidAddress.NotFound', { id: address })
}

/**
 * Gives the address back to the pool. Refuses one that leads somewhere or has a reverse name.
 * Source: EC2 API Reference, ReleaseAddress; for the second, cloud-custodian/cloud-custodian#8924.
 */
export async function releaseElastic(tx: Transaction, row: AddressRow): Promise<void> {
  if (row.interfaceId !== null) refuse('InvalidIPAddress.InUse', { message: `Address ${row.publicAddress} is in use.` })
  if (row.reverseName !== null) refuse('InvalidAddress.PtrSet', { id: row.id })
  await removeTags(tx, row.id, [])
  await tx.db.deleteFrom('addresses').where('id', '=', row.id).execute()
}
