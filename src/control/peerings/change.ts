/** Peerings of two VPCs: asked for by one, accepted or rejected by the other, ended by either. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, isId, newId } from '../../model/ids.ts'
import type { PeeringState } from '../../model/network-states.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { PeeringRow } from '../../store/tables/vpcs.ts'
import { hostsOfVpc, wish } from '../hosts/wishes.ts'
import { overlap } from '../vpcs/blocks.ts'
import { cidrsOf } from '../vpcs/cidrs.ts'
import { stateAt } from './find.ts'

/** Source: VPC Peering Guide, "VPC peering connection lifecycle". */
const expiryMs = 7 * 24 * 3_600_000

export interface PeeringRequest {
  readonly requester: VpcRow
  readonly accepterAccount: AccountId
  readonly accepterVpc: string
}

/** Asks for a peering. One that cannot be is made all the same, and has failed. Refuses: VpcPeeringConnectionAlreadyExists. */
export async function askForPeering(
  tx: Transaction,
  { requester, accepterAccount, accepterVpc }: PeeringRequest,
  { now, random }: { now: Date; random: Random },
): Promise<PeeringRow> {
  if (!isId('vpc', accepterVpc)) return refuse('InvalidVpcID.NotFound', { id: accepterVpc })
  const accepter = await tx.db
    .selectFrom('vpcs')
    .selectAll()
    .where('id', '=', accepterVpc)
    .where('accountId', '=', accepterAccount)
    .executeTakeFirst()
  const there = await between(tx, requester, accepterVpc, now)
  if (there)
    refuse('VpcPeeringConnectionAlreadyExists', {
      message: `A ${there.state} VPC peering connection between ${requester.id} and ${accepterVpc} already exists: ${there.id}`,
    })
  const cidrs = await cidrsOf(tx, requester)
  const others = accepter ? await cidrsOf(tx, accepter) : []
  const possible = accepter && accepter.id !== requester.id && !cidrs.some((it) => others.some((o) => overlap(it, o)))
  const row: PeeringRow = {
    id: newId('vpc-peering-connection', random),
    requesterVpcId: requester.id,
    requesterAccountId: requester.accountId,
    requesterCidrsJson: JSON.stringify(cidrs),
    accepterVpcId: accepterVpc,
    accepterAccountId: accepterAccount,
    accepterCidrsJson: JSON.stringify(others),
    state: possible ? 'pending-acceptance' : 'failed',
    requesterSharesNames: 0,
    accepterSharesNames: 0,
    changedAt: now.getTime(),
    expiresAt: now.getTime() + expiryMs,
  }
  await tx.db.insertInto('peerings').values(row).execute()
  return row
}

async function between(
  reader: Reader,
  requester: VpcRow,
  accepter: string,
  now: Date,
): Promise<PeeringRow | undefined> {
  const rows = await reader.db
    .selectFrom('peerings')
    .selectAll()
    .where('requesterVpcId', '=', requester.id)
    .where('state', 'in', ['active', 'pending-acceptance'])
    .execute()
  return rows.find((it) => it.accepterVpcId === accepter && stateAt(it, now) !== 'expired')
}

/** Refuses, as all changes do, who has no say in it, and a state in which it means nothing. */
export function acceptPeering(tx: Transaction, row: PeeringRow, account: AccountId, now: Date): Promise<PeeringRow> {
  requireAccepter(row, account)
  requireState(row, now, ['pending-acceptance'], 'accepted')
  return change(tx, row, 'active', now)
}

export function rejectPeering(tx: Transaction, row: PeeringRow, account: AccountId, now: Date): Promise<PeeringRow> {
  requireAccepter(row, account)
  requireState(row, now, ['pending-acceptance'], 'rejected')
  return change(tx, row, 'rejected', now)
}

/** Routes that lead over it stay, and lead nowhere. */
export function deletePeering(tx: Transaction, row: PeeringRow, now: Date): Promise<PeeringRow> {
  requireState(row, now, ['active', 'pending-acceptance', 'failed'], 'deleted')
  return change(tx, row, 'deleted', now)
}

/** Ends all peerings of a VPC that goes. */
export async function endPeeringsOf(tx: Transaction, { id }: VpcRow, now: Date): Promise<void> {
  const rows = await tx.db
    .selectFrom('peerings')
    .selectAll()
    .where('state', 'in', ['active', 'pending-acceptance'])
    .where((eb) => eb.or([eb('requesterVpcId', '=', id), eb('accepterVpcId', '=', id)]))
    .execute()
  for (const row of rows) await change(tx, row, 'deleted', now)
}

/** Hosts of both hear of it while they still count as each other's. */
async function change(tx: Transaction, row: PeeringRow, state: PeeringState, now: Date): Promise<PeeringRow> {
  const hosts = [...(await hostsOfVpc(tx, row.requesterVpcId)), ...(await hostsOfVpc(tx, row.accepterVpcId))]
  const changed = { state, changedAt: now.getTime() }
  await tx.db.updateTable('peerings').set(changed).where('id', '=', row.id).execute()
  await wish(tx, hosts)
  return { ...row, ...changed }
}

function requireAccepter({ id, accepterAccountId }: PeeringRow, account: AccountId): void {
  if (accepterAccountId !== account)
    refuse('OperationNotPermitted', { message: `User ${account} cannot accept or reject peering ${id}` })
}

function requireState(row: PeeringRow, now: Date, states: readonly PeeringState[], verb: string): void {
  const state = stateAt(row, now)
  if (!states.includes(state))
    refuse('InvalidStateTransition', { message: `Invalid state transition for ${row.id}: ${state} cannot be ${verb}` })
}
