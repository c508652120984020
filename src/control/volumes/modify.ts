/** Changes of volumes: larger, of another type, faster or slower, whether or not something uses them meanwhile. */
import type { PluggedFact } from '../../host-api/facts.ts'
import type { VolumeLimits } from '../../host-api/volumes.ts'
import { refuse } from '../../model/errors.ts'
import type { VolumeId } from '../../model/ids.ts'
import { limitsOf } from '../../model/volume-types.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VolumeModificationRow, VolumeRow } from '../../store/tables/volumes.ts'
import { signal } from '../../strand/calls.ts'
import { wish } from '../hosts/wishes.ts'

/** What of a volume can be changed. */
export type VolumeShape = Pick<VolumeRow, 'sizeGib' | 'type' | 'iops' | 'throughput' | 'multiAttach'>

export function shapeOf({ sizeGib, type, iops, throughput, multiAttach }: VolumeShape): VolumeShape {
  return { sizeGib, type, iops, throughput, multiAttach }
}

export function limitsOfVolume(row: VolumeShape): VolumeLimits {
  return limitsOf({ ...row, sizeGiB: row.sizeGib })
}

/**
 * Begins to make the volume what `target` says. Refuses while it is being changed, and for a while afterwards.
 * Source: EBS User Guide, "Modify an Amazon EBS volume using Elastic Volumes operations"; errors quoted in sodafoundation/strato#1094, #1120.
 */
export async function modify(
  { tx, now, cooldownMs }: { readonly tx: Transaction; readonly now: Date; readonly cooldownMs: number },
  volume: VolumeRow,
  target: VolumeShape,
): Promise<VolumeModificationRow> {
  const before = await modificationOf(tx, volume.id)
  refuseTooSoon(volume, before, now.getTime() - cooldownMs)
  const row: VolumeModificationRow = {
    ...{ volumeId: volume.id, state: 'modifying', progress: 0, message: null },
    originalJson: JSON.stringify(shapeOf(volume)),
    targetJson: JSON.stringify(target),
    ...{ startedAt: now.getTime(), endedAt: null },
  }
  await tx.db.deleteFrom('volumeModifications').where('volumeId', '=', volume.id).execute()
  await tx.db.insertInto('volumeModifications').values(row).execute()
  await tx.db.updateTable('volumes').set(target).where('id', '=', volume.id).execute()
  await wish(tx, [volume.hostId])
  await signal(tx, volume.id, 'modify')
  return row
}

function refuseTooSoon({ id }: VolumeRow, before: VolumeModificationRow | undefined, since: number): void {
  if (!before || before.state === 'failed') return
  if (before.state !== 'completed')
    refuse('IncorrectModificationState', {
      message: `Volume ${id} cannot be modified in modification state ${before.state.toUpperCase()}`,
    })
  if (before.startedAt > since)
    refuse('VolumeModificationRateExceeded', {
      message:
        "You've reached the maximum modification rate per volume limit. Wait at least 6 hours between modifications per EBS volume.",
    })
}

export async function modificationOf({ db }: Reader, id: VolumeId): Promise<VolumeModificationRow | undefined> {
  return db.selectFrom('volumeModifications').selectAll().where('volumeId', '=', id).executeTakeFirst()
}

/** What volumes still are that are being changed: answers tell the new shape once it is true. */
export async function shapesBeforeChange(
  { db }: Reader,
  ids: readonly VolumeId[],
): Promise<ReadonlyMap<VolumeId, VolumeShape>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('volumeModifications')
    .select(['volumeId', 'originalJson'])
    .where('volumeId', 'in', ids)
    .where('state', '=', 'modifying')
    .execute()
  return new Map(rows.map((it) => [it.volumeId, JSON.parse(it.originalJson) as VolumeShape]))
}

/** Its host has made it so: now the guests that have it are to see it. */
export async function optimize(tx: Transaction, id: VolumeId): Promise<void> {
  await change(tx, id, { state: 'optimizing' })
  await wish(
    tx,
    (await guestsOf(tx, id)).flatMap((it) => it.hostId ?? []),
  )
}

/** Ends the change once every guest that has the volume sees its size; whether they do. */
export async function finish(
  tx: Transaction,
  row: VolumeRow,
  { progress: before }: VolumeModificationRow,
  now: Date,
): Promise<boolean> {
  const guests = await guestsOf(tx, row.id)
  const seeing = guests.filter((it) => sees(it, row)).length
  const progress = guests.length === 0 ? 100 : Math.floor((100 * seeing) / guests.length)
  if (progress === 100) await change(tx, row.id, { state: 'completed', progress, endedAt: now.getTime() })
  else if (progress !== before) await change(tx, row.id, { progress })
  return progress === 100
}

/** Takes the change back. What has grown already stays as it is, and nobody is told of it. */
export async function undo(
  tx: Transaction,
  row: VolumeRow,
  { originalJson }: VolumeModificationRow,
  now: Date,
): Promise<void> {
  await tx.db
    .updateTable('volumes')
    .set(JSON.parse(originalJson) as VolumeShape)
    .where('id', '=', row.id)
    .execute()
  await wish(tx, [row.hostId])
  const message = 'The volume could not be modified: its host has failed to do so.'
  await change(tx, row.id, { state: 'failed', message, endedAt: now.getTime() })
}

async function change(tx: Transaction, id: VolumeId, columns: Partial<VolumeModificationRow>): Promise<void> {
  await tx.db.updateTable('volumeModifications').set(columns).where('volumeId', '=', id).execute()
}

type GuestOfVolume = Awaited<ReturnType<typeof guestsOf>>[number]

/** The instances that have the volume plugged in, with what is known of their machines. */
async function guestsOf({ db }: Reader, id: VolumeId) {
  return db
    .selectFrom('attachments')
    .innerJoin('instances', 'instances.id', 'attachments.instanceId')
    .leftJoin('domainFacts', 'domainFacts.id', 'instances.domainId')
    .select(['instances.hostId', 'domainFacts.state', 'domainFacts.pluggedJson'])
    .where('attachments.volumeId', '=', id)
    .where('attachments.stage', '=', 'plug')
    .execute()
}

/** A machine that does not run, or has not plugged it in yet, will find it as it then is. */
function sees({ state, pluggedJson }: GuestOfVolume, { id, sizeGib }: VolumeRow): boolean {
  const plugged = JSON.parse(pluggedJson ?? '[]') as PluggedFact[]
  const here = state === 'running' ? plugged.find((it) => it.volume === id) : undefined
  return !here || here.sizeMiB >= sizeGib * 1024
}
