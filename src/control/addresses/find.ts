/** Elastic addresses of an account, by allocation id or by the address itself. */
import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { isAddress } from '../vpcs/addresses.ts'

/** The account's elastic addresses, or those named, in the order of their ids. Refuses those that it does not have. */
export async function listElastic(
  reader: Reader,
  account: AccountId,
  { ids = [], publicAddresses = [] }: { ids?: readonly string[]; publicAddresses?: readonly string[] } = {},
): Promise<AddressRow[]> {
  const all = await reader.db
    .selectFrom('addresses')
    .selectAll()
    .where('accountId', '=', account)
    .where('elastic', '=', 1)
    .orderBy('id')
    .execute()
  const named = new Set<string>(requireAll('elastic-ip', checkIds('elastic-ip', ids), all).map((it) => it.id))
  for (const it of publicAddresses) named.add(byAddress(all, it).id)
  return named.size === 0 ? all : all.filter((it) => named.has(it.id))
}

function byAddress(rows: readonly AddressRow[], address: string): AddressRow {
  checkAddress('publicIp', address)
  return rows.find((it) => it.publicAddress === address) ?? refuse('InvalidAddress.NotFound', { id: address })
}

export async function findElastic(reader: Reader, account: AccountId, id: string): Promise<AddressRow> {
  const [row] = await listElastic(reader, account, { ids: [id] })
  return row! // listElastic refuses what it does not find
}

/**
 * The one that an action names by either. Refuses both, neither, and an address that somebody else has.
 * Source: for the texts, answers of EC2 quoted in public (flexera-public/right_aws#113). Guess: that for both.
 */
export async function namedElastic(
  reader: Reader,
  account: AccountId,
  { AllocationId, PublicIp }: { AllocationId?: string | undefined; PublicIp?: string | undefined },
): Promise<AddressRow> {
  if (AllocationId && PublicIp)
    refuse('InvalidParameterCombination', {
      message: 'You may specify public IP or allocation id, but not both in the same call',
    })
  if (AllocationId) return findElastic(reader, account, AllocationId)
  if (!PublicIp) return refuse('MissingParameter', { message: 'Either public IP or allocation id must be specified' })
  checkAddress('publicIp', PublicIp)
  const rows = await listElastic(reader, account)
  return (
    rows.find((it) => it.publicAddress === PublicIp) ??
    refuse('AuthFailure', { message: `The address '${PublicIp}' does not belong to you.` })
  )
}

/** Refuses what is no IPv4 address. */
export function checkAddress(parameter: string, address: string): void {
  if (isAddress(address)) return
  refuse('InvalidParameterValue', {
    message: `Value (${address}) for parameter ${parameter} is invalid. Invalid IPv4 address`,
  })
}
