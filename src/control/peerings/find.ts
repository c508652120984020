import { refuse } from '../../model/errors.ts'
import type { AccountId, VpcId } from '../../model/ids.ts'
import { type PeeringState, peeringStates } from '../../model/network-states.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader } from '../../store/store.ts'
import type { PeeringRow } from '../../store/tables/vpcs.ts'
import { checkIds, requireAll } from '../lookup.ts'

/** A request that nobody accepted in time has expired, though nobody wrote it down. */
export function stateAt({ state, expiresAt }: PeeringRow, now: Date): PeeringState {
  return state === 'pending-acceptance' && now.getTime() >= expiresAt ? 'expired' : state
}

/** The peerings that the account asked for or was asked for, or those named: as long as they are still told of. */
export async function listPeerings(
  reader: Reader,
  account: AccountId,
  now: Date,
  ids: readonly string[] = [],
): Promise<PeeringRow[]> {
  const all = await reader.db
    .selectFrom('peerings')
    .selectAll()
    .where((eb) => eb.or([eb('requesterAccountId', '=', account), eb('accepterAccountId', '=', account)]))
    .orderBy('id')
    .execute()
  const rows = all.filter((it) => isTold(it, account, now))
  return ids.length > 0 ? requireAll('vpc-peering-connection', checkIds('vpc-peering-connection', ids), rows) : rows
}

export async function findPeering(reader: Reader, account: AccountId, now: Date, id: string): Promise<PeeringRow> {
  const [row] = await listPeerings(reader, account, now, [id])
  return row ?? refuse('InvalidVpcPeeringConnectionID.NotFound', { id }) // listPeerings refuses what it does not find
}

/** A request that failed concerns only who made it. */
function isTold(row: PeeringRow, account: AccountId, now: Date): boolean {
  const state = stateAt(row, now)
  if (state === 'failed' && row.requesterAccountId !== account) return false
  const { hours } = peeringStates[state]
  const since = state === 'expired' ? row.expiresAt : row.changedAt
  return hours === undefined || now.getTime() < since + hours * 3_600_000
}

/** The VPCs that this one has a peering with that is active. */
export async function peersOf(reader: Reader, vpc: VpcId): Promise<VpcId[]> {
  const rows = await activeOf(reader, vpc)
  return rows.map((it) => (it.requesterVpcId === vpc ? it.accepterVpcId : it.requesterVpcId))
}

const activeOf = prepared((db, vpc: VpcId) =>
  db
    .selectFrom('peerings')
    .select(['requesterVpcId', 'accepterVpcId'])
    .where('state', '=', 'active')
    .where((eb) => eb.or([eb('requesterVpcId', '=', vpc), eb('accepterVpcId', '=', vpc)])),
)
