/** New network interfaces: rows, addresses and groups. */
import type { Random } from '../../base/random.ts'
import { type AccountId, type GroupId, newId } from '../../model/ids.ts'
import { insertRow } from '../../store/prepared.ts'
import type { Transaction } from '../../store/store.ts'
import type { InterfaceRow, SubnetRow } from '../../store/tables/resources.ts'
import { giveAddresses6, type WantedAddresses6 } from '../ipv6/addresses.ts'
import { freePrivateAddresses, newMac } from './allocate.ts'
import type { attached } from './attach.ts'
import { checkAddresses } from './check-addresses.ts'
import { checkGroupCount } from './groups.ts'
import { addSecondary } from './secondary.ts'

/** The private addresses that an interface shall have. What is not named is chosen. */
export interface WantedAddresses {
  readonly primary?: string
  readonly secondary: readonly string[]
  /** How many more secondary ones. */
  readonly more: number
  /** Of IPv6; absent: what the subnet gives. */
  readonly six?: WantedAddresses6
}

export const oneAddress: WantedAddresses = { secondary: [], more: 0 }

export interface NewInterface {
  readonly account: AccountId
  readonly subnet: SubnetRow
  readonly groups: readonly GroupId[]
  readonly addresses: WantedAddresses
  readonly description: string
}

interface Around {
  readonly now: Date
  readonly random: Random
}

/** Makes an interface that no instance has yet. Refuses addresses that are taken, or not the subnet's to give. */
export async function makeInterface(tx: Transaction, wanted: NewInterface, around: Around): Promise<InterfaceRow> {
  const { subnet, groups, addresses } = wanted
  checkGroupCount(groups)
  await checkAddresses(tx, subnet, [...(addresses.primary ? [addresses.primary] : []), ...addresses.secondary])
  const [chosen] = addresses.primary ? [addresses.primary] : await freePrivateAddresses(tx, subnet, 1, around.random)
  return insertInterface(tx, { ...wanted, addresses: { ...addresses, primary: chosen! } }, around) // one was asked for
}

/** The same with addresses that are known to be free, and for an instance that it comes to at once. */
export async function insertInterface(
  tx: Transaction,
  wanted: NewInterface & { readonly addresses: WantedAddresses & { readonly primary: string } },
  around: Around,
  whose: typeof alone | ReturnType<typeof attached> = alone,
): Promise<InterfaceRow> {
  const { account, subnet, groups, addresses } = wanted
  const row: InterfaceRow = {
    id: newId('network-interface', around.random),
    accountId: account,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    zone: subnet.zone,
    mac: newMac(around.random),
    privateAddress: addresses.primary,
    description: wanted.description,
    sourceDestCheck: 1,
    createdAt: around.now.getTime(),
    ...whose,
  }
  await insertRow(tx, 'interfaces', row)
  for (const groupId of groups) await insertRow(tx, 'interfaceGroups', { interfaceId: row.id, groupId })
  await addSecondary(tx, row, addresses.secondary)
  await giveAddresses6(tx, row, subnet, addresses.six, around.random)
  if (addresses.more > 0)
    await addSecondary(tx, row, await freePrivateAddresses(tx, subnet, addresses.more, around.random))
  return row
}

/** What an interface is that no instance has. */
export const alone = {
  instanceId: null,
  deviceIndex: null,
  attachmentId: null,
  attachedAt: null,
  attachmentState: 'attached',
  deleteOnTermination: 0,
} as const
