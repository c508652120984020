/** The tiny image a second time, with a volume for its root: made of a snapshot that a host makes of the same file. */
import { createHash } from 'node:crypto'
import { systemClock } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import { createSnapshot } from '../../control/snapshots/create.ts'
import { volumeHostOf } from '../../control/volumes/find.ts'
import type { ImageId, SnapshotId } from '../../model/ids.ts'
import type { Store } from '../../store/store.ts'

/** Makes sure that there is an image on volumes that boots what the image `of` boots. */
export async function ensureEbsImage(store: Store, of: ImageId, zone: string): Promise<ImageId> {
  const digest = createHash('sha256').update(`${of}/ebs`).digest('hex')
  // Behind the other in lists: who takes the first image there is gets the one that needs no volume.
  const id: ImageId = `ami-fff${digest.slice(0, 14)}`
  const snapshot: SnapshotId = `snap-${digest.slice(17, 34)}`
  await store.transact(async (tx) => {
    const known = await tx.db.selectFrom('images').select('id').where('id', '=', id).executeTakeFirst()
    if (known) return
    const image = await tx.db.selectFrom('images').selectAll().where('id', '=', of).executeTakeFirstOrThrow()
    const name = `${image.name}-ebs`
    await createSnapshot(
      { tx, now: systemClock.now(), random: systemRandom },
      {
        id: snapshot,
        account: image.accountId,
        ...(image.ownerAlias !== null && { ownerAlias: image.ownerAlias }),
        host: await volumeHostOf(tx, zone),
        of: { kind: 'image', image: of, file: image.rootFile, sizeMiB: image.rootSizeMib },
        sizeGiB: Math.ceil(image.rootSizeMib / 1024),
        description: `Root of ${name}`,
      },
    )
    await tx.db.insertInto('snapshotShares').values({ snapshotId: snapshot, accountId: 'all' }).execute()
    await tx.db
      .insertInto('images')
      .values({
        ...image,
        ...{ id, name, description: `${image.description}; on a volume` },
        ...{ rootSnapshotId: snapshot, bootImageId: of, createdAt: systemClock.now().getTime() },
      })
      .execute()
  })
  return id
}
