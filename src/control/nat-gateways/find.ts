import type { AccountId, InterfaceId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader } from '../../store/store.ts'
import type { NatGatewayRow } from '../../store/tables/vpcs.ts'
import { checkIds, requireAll } from '../lookup.ts'

/** The account's NAT gateways, or those named, in the order of their ids; those that are deleted for an hour more. */
export async function listNats(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<NatGatewayRow[]> {
  const rows = await reader.db
    .selectFrom('natGateways')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  return ids.length > 0 ? requireAll('natgateway', checkIds('natgateway', ids), rows) : rows
}

/** The NAT gateway that this interface is of: nobody else may use it. */
export function natOfInterface(reader: Reader, id: InterfaceId): Promise<NatGatewayRow | undefined> {
  return reader.db
    .selectFrom('natGateways')
    .selectAll()
    .where('interfaceId', '=', id)
    .where('state', '!=', 'deleted')
    .executeTakeFirst()
}

/** Those of these interfaces that are NAT gateways'. */
export async function natInterfaces(reader: Reader, ids: readonly InterfaceId[]): Promise<ReadonlySet<InterfaceId>> {
  return new Set((await ofNats(reader, ids)).map((it) => it.interfaceId))
}

const ofNats = prepared((db, ids: readonly InterfaceId[]) =>
  db.selectFrom('natGateways').select('interfaceId').where('interfaceId', 'in', ids).where('state', '!=', 'deleted'),
)
