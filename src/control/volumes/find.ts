import { refuse } from '../../model/errors.ts'
import type { AccountId, HostId, InstanceId, VolumeId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader } from '../../store/store.ts'
import type { AttachmentRow, VolumeRow } from '../../store/tables/volumes.ts'
import { checkIds, requireAll } from '../lookup.ts'

/** The account's volumes, or those named. In the order of their ids. */
export async function listVolumes(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<VolumeRow[]> {
  const checked = checkIds('volume', ids)
  const rows = await reader.db
    .selectFrom('volumes')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  return checked.length > 0 ? requireAll('volume', checked, rows) : rows
}

export async function findVolume(reader: Reader, account: AccountId, id: string): Promise<VolumeRow> {
  const [row] = await listVolumes(reader, account, [id])
  return row! // listVolumes refuses what it does not find
}

/** The attachments of these volumes, by volume. */
export async function attachmentsOf(
  reader: Reader,
  ids: readonly VolumeId[],
): Promise<ReadonlyMap<VolumeId, readonly AttachmentRow[]>> {
  if (ids.length === 0) return new Map()
  const rows = await reader.db
    .selectFrom('attachments')
    .selectAll()
    .where('volumeId', 'in', ids)
    .orderBy('attachedAt')
    .execute()
  return Map.groupBy(rows, (it) => it.volumeId)
}

/** The attachments of these instances, by instance, in the order of their devices. */
export async function attachmentsOfInstances(
  reader: Reader,
  ids: readonly InstanceId[],
): Promise<ReadonlyMap<InstanceId, readonly AttachmentRow[]>> {
  if (ids.length === 0) return new Map()
  return Map.groupBy(await rowsOfInstances(reader, ids), (it) => it.instanceId)
}

const rowsOfInstances = prepared((db, ids: readonly InstanceId[]) =>
  db.selectFrom('attachments').selectAll().where('instanceId', 'in', ids).orderBy('device'),
)

/** The host that serves new volumes of a zone: its first that is not lost. */
export async function volumeHostOf(reader: Reader, zone: string): Promise<HostId> {
  const host = await reader.db
    .selectFrom('hosts')
    .select('id')
    .where('zone', '=', zone)
    .where('isEdge', '=', 0)
    .orderBy('lost')
    .orderBy('id')
    .executeTakeFirst()
  return host?.id ?? refuse('InvalidZone.NotFound', { zone })
}
