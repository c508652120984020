import type { SelectQueryBuilder } from 'kysely'
import type { AccountId, GroupId, InstanceId, InterfaceId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Database } from '../../store/schema.ts'
import type { Reader } from '../../store/store.ts'
import type { InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import { addressesOf, type InterfaceAddress } from '../addresses/of-interfaces.ts'
import { addresses6Of } from '../ipv6/addresses.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { natInterfaces } from '../nat-gateways/find.ts'

/** The account's instances of these ids. Refuses malformed and unknown ones. */
export async function findInstances(
  reader: Reader,
  account: AccountId,
  ids: readonly string[],
): Promise<InstanceRow[]> {
  const checked = checkIds('instance', ids)
  if (checked.length === 0) return []
  const rows = await reader.db
    .selectFrom('instances')
    .selectAll()
    .where('accountId', '=', account)
    .where('id', 'in', checked)
    .execute()
  return requireAll('instance', checked, rows)
}

export async function findInstance(reader: Reader, account: AccountId, id: string): Promise<InstanceRow> {
  const [row] = await findInstances(reader, account, [id])
  return row! // findInstances refuses what it does not find
}

/** Every instance of the account, or those named. In the order of their ids. */
export async function listInstances(
  reader: Reader,
  account: AccountId,
  ids?: readonly string[],
): Promise<InstanceRow[]> {
  if (ids && ids.length > 0) return findInstances(reader, account, ids)
  return reader.db.selectFrom('instances').selectAll().where('accountId', '=', account).orderBy('id').execute()
}

export type InstanceQuery = SelectQueryBuilder<Database, 'instances', InstanceRow>

/**
 * The account's instances after `after`, in the order of their ids, at most so many at once: those of the queries that `narrow` makes of one for all,
 * no two of which find the same. Each is in that order by an index, and so they are merged without one that is read in vain.
 */
export async function* instancesInOrder(
  { db }: Reader,
  account: AccountId,
  { after = '', atOnce }: { readonly after?: string | undefined; readonly atOnce: number },
  narrow: (all: InstanceQuery) => readonly InstanceQuery[] = (all) => [all],
): AsyncGenerator<InstanceRow[]> {
  for (let last: string | undefined = after; last !== undefined; ) {
    const all = db.selectFrom('instances').selectAll().where('accountId', '=', account)
    const [first, ...more] = narrow(all.where('id', '>', last as InstanceId))
    if (!first) return
    const rows: InstanceRow[] = await more
      .reduce((merged, it) => merged.unionAll(it), first)
      .orderBy('id')
      .limit(atOnce)
      .execute()
    yield rows
    last = rows.length < atOnce ? undefined : rows.at(-1)?.id
  }
}

/** An interface as its instance shows it. */
export interface AttachedInterface {
  readonly row: InterfaceRow
  /** The primary one first. */
  readonly addresses: readonly [InterfaceAddress, ...InterfaceAddress[]]
  /** Of IPv6. */
  readonly six: readonly string[]
  readonly groups: readonly { readonly id: GroupId; readonly name: string }[]
  /** It is a NAT gateway's, and nobody else's. */
  readonly isNat: boolean
}

/** The interfaces of these instances, by instance, each in the order of its device index. */
export async function interfacesOf(
  reader: Reader,
  ids: readonly InstanceId[],
): Promise<ReadonlyMap<InstanceId, AttachedInterface[]>> {
  const found = new Map<InstanceId, AttachedInterface[]>()
  if (ids.length === 0) return found
  for (const nic of await withGroupsAndAddresses(reader, await attachedRows(reader, ids))) {
    const of = nic.row.instanceId! // selected by it
    found.set(of, [...(found.get(of) ?? []), nic])
  }
  return found
}

const attachedRows = prepared((db, ids: readonly InstanceId[]) =>
  db.selectFrom('interfaces').selectAll().where('instanceId', 'in', ids).orderBy('deviceIndex'),
)

/** These interfaces as their instances, or answers about them, show them. */
export async function withGroupsAndAddresses(
  reader: Reader,
  rows: readonly InterfaceRow[],
): Promise<AttachedInterface[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const [groups, addresses] = [await groupsOf(reader, ids), await addressesOf(reader, rows)]
  const nats = await natInterfaces(reader, ids)
  const sixes = await addresses6Of(reader, ids)
  return rows.map((row) => ({
    row,
    addresses: addresses(row.id),
    six: sixes.get(row.id) ?? [],
    groups: groups.get(row.id) ?? [],
    isNat: nats.has(row.id),
  }))
}

/** Ids and names of the groups that each interface is in. */
export async function groupsOf(
  reader: Reader,
  interfaces: readonly InterfaceId[],
): Promise<ReadonlyMap<string, { id: GroupId; name: string }[]>> {
  const found = new Map<string, { id: GroupId; name: string }[]>()
  for (const { interfaceId, id, name } of await memberships(reader, interfaces))
    found.set(interfaceId, [...(found.get(interfaceId) ?? []), { id, name }])
  return found
}

const memberships = prepared((db, interfaces: readonly InterfaceId[]) =>
  db
    .selectFrom('interfaceGroups')
    .innerJoin('securityGroups', 'securityGroups.id', 'interfaceGroups.groupId')
    .select(['interfaceGroups.interfaceId', 'securityGroups.id', 'securityGroups.name'])
    .where('interfaceGroups.interfaceId', 'in', interfaces)
    .orderBy('securityGroups.id'),
)
