/** Where elastic addresses lead. The edge and the guests that read of it are told in the same transaction. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type InterfaceId, newId, type ResourceId, type VpcId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import { hostsOfVpc, wish } from '../hosts/wishes.ts'
import { natOfInterface } from '../nat-gateways/find.ts'
import { nowhere } from './leave.ts'
import { takeBackAddresses } from './lend.ts'

/** A private address of an interface. */
export interface Place {
  readonly interfaceId: InterfaceId
  readonly vpcId: VpcId
  readonly privateAddress: string
}

/**
 * Lets the address lead to `place`, wherever it led before. What led there before leads nowhere, and goes back to the pool
 * if it was lent. Refuses to move anything elastic where `move` is false. Again to the same place changes nothing.
 */
export async function associate(
  tx: Transaction,
  row: AddressRow,
  place: Place,
  { move, random }: { move: boolean; random: Random },
): Promise<ResourceId<'elastic-ip-association'>> {
  const { interfaceId, privateAddress } = place
  const isThere = row.interfaceId === interfaceId && row.privateAddress === privateAddress
  if (isThere && row.associationId !== null) return row.associationId
  const before = await addressAt(tx, place)
  await refuseNats(tx, [row.interfaceId, interfaceId])
  if (!move) for (const it of [row, before]) if (it?.associationId) refuseMove(it)
  if (before?.elastic === 1) await lead(tx, before, nowhere)
  else if (before) await takeBackAddresses(tx, [interfaceId])
  const associationId = newId('elastic-ip-association', random)
  await lead(tx, row, { associationId, interfaceId, privateAddress })
  await tell(tx, [place.vpcId, await vpcOf(tx, row)])
  return associationId
}

/** The address leads nowhere. */
export async function disassociate(tx: Transaction, row: AddressRow): Promise<void> {
  await refuseNats(tx, [row.interfaceId])
  await lead(tx, row, nowhere)
  await tell(tx, [await vpcOf(tx, row)])
}

/** The address of a NAT gateway is its own for life. Source: for the text, errors of EC2 quoted in public. */
async function refuseNats(tx: Transaction, interfaces: readonly (InterfaceId | null)[]): Promise<void> {
  for (const id of interfaces) {
    if (id !== null && (await natOfInterface(tx, id)))
      refuse('OperationNotPermitted', { message: 'You do not have permission to access the specified resource.' })
  }
}

/** Source: ansible/ansible#27385. */
function refuseMove({ id, associationId }: AddressRow): never {
  return refuse('Resource.AlreadyAssociated', { id, association: associationId ?? '' })
}

async function lead(
  tx: Transaction,
  { id }: AddressRow,
  where: Pick<AddressRow, 'associationId' | 'interfaceId' | 'privateAddress'>,
): Promise<void> {
  await tx.db.updateTable('addresses').set(where).where('id', '=', id).execute()
}

function addressAt(tx: Transaction, { interfaceId, privateAddress }: Place): Promise<AddressRow | undefined> {
  return tx.db
    .selectFrom('addresses')
    .selectAll()
    .where('interfaceId', '=', interfaceId)
    .where('privateAddress', '=', privateAddress)
    .executeTakeFirst()
}

async function vpcOf(tx: Transaction, { interfaceId }: AddressRow): Promise<VpcId | undefined> {
  if (interfaceId === null) return undefined
  const row = await tx.db.selectFrom('interfaces').select('vpcId').where('id', '=', interfaceId).executeTakeFirst()
  return row?.vpcId
}

/** Everywhere in these VPCs: the edge, and guests whose metadata says their public addresses. */
async function tell(tx: Transaction, vpcs: readonly (VpcId | undefined)[]): Promise<void> {
  const hosts = await Promise.all([...new Set(vpcs)].flatMap((it) => (it ? [hostsOfVpc(tx, it)] : [])))
  await wish(tx, hosts.flat())
}
