/** Egress-only internet gateways: by their routes IPv6 goes out, and only answers come in. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { EgressOnlyGatewayRow } from '../../store/tables/ipv6.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { removeTags } from '../tags/tags.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": egress-only internet gateways per region. */
const mostGateways = 5

/** The account's gateways, or those named, in the order of their ids. */
export async function listEgressOnlyGateways(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<EgressOnlyGatewayRow[]> {
  const rows = await reader.db
    .selectFrom('egressOnlyGateways')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  const missing = ids.filter((id) => !rows.some((it) => it.id === id))
  if (missing.length > 0) refuse('InvalidEgressOnlyInternetGatewayId.NotFound', { id: missing.join(', ') })
  return ids.length > 0 ? rows.filter((it) => ids.includes(it.id)) : rows
}

/** Guess: the code of the quota. */
export async function makeEgressOnlyGateway(
  tx: Transaction,
  { id: vpcId, accountId }: VpcRow,
  random: Random,
): Promise<EgressOnlyGatewayRow> {
  if ((await listEgressOnlyGateways(tx, accountId)).length >= mostGateways) refuse('InternetGatewayLimitExceeded')
  const row = { id: newId('egress-only-internet-gateway', random), accountId, vpcId }
  await tx.db.insertInto('egressOnlyGateways').values(row).execute()
  return row
}

/** Routes to it stay, and lead nowhere. */
export async function removeEgressOnlyGateway(tx: Transaction, { id, vpcId }: EgressOnlyGatewayRow): Promise<void> {
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('egressOnlyGateways').where('id', '=', id).execute()
  await wishVpc(tx, vpcId)
}
