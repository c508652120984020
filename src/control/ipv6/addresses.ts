/** Addresses of IPv6 that interfaces have. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import type { InterfaceId } from '../../model/ids.ts'
import { instanceType } from '../../model/instance-types.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { InterfaceRow, SubnetRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { addressIn, readAddress6 } from './networks.ts'
import { subnetBlocks6 } from './subnet-blocks.ts'

/** What an interface shall have: those named, and so many more. Undefined: what its subnet gives. */
export interface WantedAddresses6 {
  readonly named: readonly string[]
  readonly more: number
}

/** Addresses of each of these interfaces, or of all that have any, in the order in which they got them. */
export async function addresses6Of(
  reader: Reader,
  ids?: readonly InterfaceId[],
): Promise<ReadonlyMap<InterfaceId, readonly string[]>> {
  if (ids?.length === 0) return new Map()
  const rows = ids ? await rowsOf(reader, ids) : await allRows(reader)
  return new Map([...Map.groupBy(rows, (it) => it.interfaceId)].map(([id, same]) => [id, same.map((it) => it.address)]))
}

const allRows = prepared((db) => db.selectFrom('ipv6Addresses').selectAll().orderBy('position'))
const rowsOf = prepared((db, ids: readonly InterfaceId[]) =>
  db.selectFrom('ipv6Addresses').selectAll().where('interfaceId', 'in', ids).orderBy('position'),
)

/** Gives a new interface what it shall have. Hosts are not told: nobody has it yet. */
export async function giveAddresses6(
  tx: Transaction,
  { id }: InterfaceRow,
  subnet: SubnetRow,
  wanted: WantedAddresses6 | undefined,
  random: Random,
): Promise<string[]> {
  const { named, more } = wanted ?? { named: [], more: subnet.assignsIpv6 }
  if (named.length === 0 && more === 0) return []
  const cidr = await blockOf(tx, subnet)
  const fresh = await checkedAddresses(tx, cidr, named)
  const last = (await addresses6Of(tx, [id])).get(id)?.length ?? 0
  const given = [...fresh, ...(await freeAddresses6(tx, cidr, more, new Set(fresh), random))]
  await tx.db
    .insertInto('ipv6Addresses')
    .values(given.map((address, index) => ({ address, interfaceId: id, position: last + index })))
    .execute()
  return given
}

/** Gives the interface more addresses: those named, and so many. Answers the new ones. */
export async function assign6(
  tx: Transaction,
  nic: InterfaceRow,
  wanted: WantedAddresses6,
  random: Random,
): Promise<string[]> {
  const subnet = await tx.db.selectFrom('subnets').selectAll().where('id', '=', nic.subnetId).executeTakeFirstOrThrow()
  const given = await giveAddresses6(tx, nic, subnet, wanted, random)
  if (nic.instanceId !== null) {
    const instance = tx.db.selectFrom('instances').select('type').where('id', '=', nic.instanceId)
    await checkRoom6(tx, (await instance.executeTakeFirstOrThrow()).type, [nic])
  }
  await wishVpc(tx, nic.vpcId)
  return given
}

/** Takes these addresses from the interface. Refuses any that is not its. */
export async function unassign6(tx: Transaction, nic: InterfaceRow, texts: readonly string[]): Promise<string[]> {
  const own = (await addresses6Of(tx, [nic.id])).get(nic.id) ?? []
  const cidr = own.length > 0 ? (await subnetBlocks6(tx, [nic.subnetId])).get(nic.subnetId)?.cidr : undefined
  const addresses = cidr === undefined ? [...texts] : texts.map((it) => readAddress6(it, cidr))
  if (addresses.some((it) => !own.includes(it)))
    refuse('InvalidParameterValue', {
      message: `Some of the specified addresses are not assigned to interface ${nic.id}`,
    })
  await tx.db.deleteFrom('ipv6Addresses').where('address', 'in', addresses).execute()
  await wishVpc(tx, nic.vpcId)
  return addresses
}

/** Refuses more addresses than an interface of the type has; old types have none. Guess: the texts. */
export async function checkRoom6(reader: Reader, type: string, nics: readonly InterfaceRow[]): Promise<void> {
  const ids = nics.map((it) => it.id)
  const counts = [...(await addresses6Of(reader, ids)).values()].map((it) => it.length)
  if (counts.length === 0) return
  const { ipv6, ipv4PerInterface } = instanceType(type)! // instances are made of types that exist
  if (!ipv6)
    refuse('InvalidParameterCombination', { message: `The instance type ${type} does not support IPv6 addresses.` })
  if (Math.max(...counts) > ipv4PerInterface) refuse('PrivateIpAddressLimitExceeded')
}

async function blockOf(reader: Reader, { id }: SubnetRow): Promise<string> {
  const block = (await subnetBlocks6(reader, [id])).get(id)
  return (
    block?.cidr ??
    refuse('InvalidParameterValue', {
      message: `The subnet '${id}' does not have an IPv6 CIDR block associated with it.`,
    })
  )
}

/** Refuses what is not the subnet's to give, is taken, or is named twice. */
async function checkedAddresses(reader: Reader, cidr: string, texts: readonly string[]): Promise<string[]> {
  const addresses = texts.map((it) => readAddress6(it, cidr))
  const rows =
    addresses.length === 0
      ? []
      : await reader.db.selectFrom('ipv6Addresses').select('address').where('address', 'in', addresses).execute()
  const taken = rows[0]?.address ?? addresses.find((it, index) => addresses.indexOf(it) !== index)
  if (taken !== undefined) refuse('InvalidIPAddress.InUse', { message: `Address ${taken} is in use.` })
  return addresses
}

/** Of 2^64 addresses one at random is free; should it not be, another is tried. */
async function freeAddresses6(
  reader: Reader,
  cidr: string,
  count: number,
  but: ReadonlySet<string>,
  random: Random,
): Promise<string[]> {
  const found = new Set<string>()
  while (found.size < count) {
    const host = random.bytes(8).readBigUInt64BE()
    const address = addressIn(cidr, host)
    if (host < 4n || host === (1n << 64n) - 1n || but.has(address)) continue
    const row = await reader.db
      .selectFrom('ipv6Addresses')
      .select('address')
      .where('address', '=', address)
      .executeTakeFirst()
    if (!row) found.add(address)
  }
  return [...found]
}
