/** What an image is made of: the volumes of an instance, at rest if it was asked to be. */
import type { ImageId, InstanceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { wish } from '../hosts/wishes.ts'
import { beginSnapshot } from '../snapshots/create.ts'
import type { ImageMapping } from './mappings.ts'

/** Lets the guest come back whose reboot is held. */
export async function letReboot(tx: Transaction, id: InstanceId, hold: number): Promise<void> {
  const row = await tx.db
    .updateTable('instances')
    .set({ holdReboot: null })
    .where('id', '=', id)
    .where('holdReboot', '=', hold)
    .returning('hostId')
    .executeTakeFirst()
  if (row?.hostId) await wish(tx, [row.hostId])
}

/** Takes the image's snapshots, all at one moment of their host; those that were taken are left. False where a volume is gone. */
export async function takeSnapshots(
  { tx, now }: { readonly tx: Transaction; readonly now: Date },
  id: ImageId,
): Promise<boolean> {
  const image = await tx.db.selectFrom('images').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  for (const { volume: volumeId, snapshot } of sourcesOf(image)) {
    const volume = await tx.db.selectFrom('volumes').selectAll().where('id', '=', volumeId).executeTakeFirst()
    if (!volume || volume.state === 'deleting') return false
    const taken = await tx.db.selectFrom('snapshots').select('id').where('id', '=', snapshot).executeTakeFirst()
    if (taken) continue
    await beginSnapshot(
      { tx, now },
      {
        ...{ id: snapshot, account: image.accountId, host: volume.hostId, sizeGiB: volume.sizeGib },
        of: { kind: 'volume', volume: volumeId },
        description: `Created by CreateImage(${image.sourceInstanceId}) for ${image.id}`,
      },
    )
  }
  return true
}

/** The volumes that the image is made of, with the snapshots that are to hold them. */
export function sourcesOf({ mappingsJson }: ImageRow) {
  const mappings = JSON.parse(mappingsJson ?? '[]') as ImageMapping[]
  return mappings.flatMap((it) =>
    'volume' in it && it.volume && it.snapshot ? [{ volume: it.volume, snapshot: it.snapshot }] : [],
  )
}
