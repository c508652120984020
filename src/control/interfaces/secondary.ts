/** Private addresses that an interface has beside its primary one. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { instanceType } from '../../model/instance-types.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { InterfaceRow, SubnetRow } from '../../store/tables/resources.ts'
import { nowhere } from '../addresses/leave.ts'
import { addressesOf } from '../addresses/of-interfaces.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { freePrivateAddresses, takenAddresses } from './allocate.ts'
import { checkAddress } from './check-addresses.ts'

/** Writes them down. */
export async function addSecondary(
  tx: Transaction,
  { id, vpcId }: InterfaceRow,
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return
  await tx.db
    .insertInto('secondaryAddresses')
    .values(addresses.map((address) => ({ vpcId, address, interfaceId: id })))
    .execute()
}

export interface Assignment {
  readonly addresses: readonly string[]
  /** How many to choose where none are named. */
  readonly count: number
  /** Whether secondary addresses of other interfaces may be taken from them. */
  readonly reassign: boolean
}

/**
 * Gives the interface these addresses, or as many free ones. One that it has already is no error. Answers what it was given.
 * Refuses more than its instance's type has; addresses of others unless `reassign`, and others' primary ones always.
 */
export async function assign(
  tx: Transaction,
  nic: InterfaceRow,
  { addresses, count, reassign }: Assignment,
  random: Random,
): Promise<string[]> {
  const subnet = await subnetOf(tx, nic)
  const own = (await addressesOf(tx, [nic]))(nic.id).map((it) => it.address)
  const fresh = [...new Set(addresses)].filter((it) => !own.includes(it))
  await checkRoom(tx, nic, own.length + fresh.length + count)
  const given = [
    ...(await take(tx, nic, subnet, fresh, reassign)),
    ...(await freePrivateAddresses(tx, subnet, count, random)),
  ]
  await addSecondary(tx, nic, given)
  await wishVpc(tx, nic.vpcId)
  return [...addresses.filter((it) => own.includes(it)), ...given]
}

/** Takes these secondary addresses from the interface; elastic addresses that led to them lead nowhere. */
export async function unassign(tx: Transaction, nic: InterfaceRow, addresses: readonly string[]): Promise<void> {
  const own = new Set(
    (await addressesOf(tx, [nic]))(nic.id)
      .filter((it) => !it.primary)
      .map((it) => it.address),
  )
  const foreign = addresses.find((it) => !own.has(it))
  if (foreign !== undefined)
    refuse('InvalidParameterValue', {
      message: `Some of the specified addresses are not assigned to interface ${nic.id}`,
    })
  await lose(tx, nic.vpcId, addresses)
  await wishVpc(tx, nic.vpcId)
}

/** Source: aws/amazon-vpc-cni-k8s#989. An interface that no instance has may have any number. */
export async function checkRoom(reader: Reader, { instanceId }: InterfaceRow, count: number): Promise<void> {
  if (instanceId === null) return
  const row = await reader.db.selectFrom('instances').select('type').where('id', '=', instanceId).executeTakeFirst()
  const most = row && instanceType(row.type)?.ipv4PerInterface
  if (most !== undefined && count > most) refuse('PrivateIpAddressLimitExceeded')
}

async function take(
  tx: Transaction,
  nic: InterfaceRow,
  subnet: SubnetRow,
  addresses: readonly string[],
  reassign: boolean,
): Promise<readonly string[]> {
  const taken = new Set(await takenAddresses(tx, subnet))
  for (const address of addresses) {
    checkAddress(subnet, address)
    if (!taken.has(address)) continue
    const movable = reassign && (await isSecondary(tx, nic, address))
    if (!movable) refuse('InvalidParameterValue', { message: `Address ${address} is in use.` })
    await lose(tx, nic.vpcId, [address])
  }
  return addresses
}

async function isSecondary(tx: Transaction, { vpcId, accountId }: InterfaceRow, address: string): Promise<boolean> {
  const row = await tx.db
    .selectFrom('secondaryAddresses')
    .innerJoin('interfaces', 'interfaces.id', 'secondaryAddresses.interfaceId')
    .select('interfaces.id')
    .where('secondaryAddresses.vpcId', '=', vpcId)
    .where('secondaryAddresses.address', '=', address)
    .where('interfaces.accountId', '=', accountId)
    .executeTakeFirst()
  return row !== undefined
}

async function lose(tx: Transaction, vpcId: InterfaceRow['vpcId'], addresses: readonly string[]): Promise<void> {
  const rows = await tx.db
    .deleteFrom('secondaryAddresses')
    .where('vpcId', '=', vpcId)
    .where('address', 'in', addresses)
    .returning(['interfaceId', 'address'])
    .execute()
  for (const { interfaceId, address } of rows) {
    await tx.db
      .updateTable('addresses')
      .set(nowhere)
      .where('interfaceId', '=', interfaceId)
      .where('privateAddress', '=', address)
      .execute()
  }
}

function subnetOf(reader: Reader, { subnetId }: InterfaceRow): Promise<SubnetRow> {
  return reader.db.selectFrom('subnets').selectAll().where('id', '=', subnetId).executeTakeFirstOrThrow()
}
