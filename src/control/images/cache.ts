/**
 * The files of images out of bundles are a cache of the object store: fetched once for all hosts of the box, and removed, the least
 * recently launched first, when there is no room for others. What an instance uses stays, and so do kernels, which are small, and images that
 * came another way, which could not be fetched again.
 */
import type { ImageId } from '../../model/ids.ts'
import { prepared, rowWhere } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import { signal } from '../../strand/calls.ts'
import { isRead, isUsed } from './uses.ts'

/** What there may be and what the disk has left, in bytes. */
export interface Room {
  readonly limit: number
  readonly free: number
}

export interface Kept {
  readonly id: ImageId
  readonly bytes: number
  readonly usedAt: number
  /** Nobody uses it, and it can be fetched again. */
  readonly evictable: boolean
}

/**
 * Which images to remove for `need` more bytes: the least recently used, and no more than it takes. What cannot be had is not asked for:
 * where all that may go would not make the room, what makes it as large as it can be.
 */
export function chooseEvictions(kept: readonly Kept[], need: number, { limit, free }: Room): ImageId[] {
  const used = kept.reduce((sum, it) => sum + it.bytes, 0)
  let missing = Math.max(used + need - limit, need - free)
  const chosen: ImageId[] = []
  const candidates = kept.filter((it) => it.evictable && it.bytes > 0)
  for (const { id, bytes } of candidates.sort((a, b) => a.usedAt - b.usedAt || (a.id < b.id ? -1 : 1))) {
    if (missing <= 0) break
    chosen.push(id)
    missing -= bytes
  }
  return chosen
}

/** Makes room for the image and notes that it comes; false where others have to go before. */
export async function makeRoom(
  tx: Transaction,
  { imageId: image, bytes: need }: { readonly imageId: ImageId; readonly bytes: number },
  room: Room,
): Promise<boolean> {
  const rows = await tx.db
    .selectFrom('bundledImages')
    .innerJoin('images', 'images.id', 'bundledImages.imageId')
    .select(['images.id', 'bundledImages.bytes', 'usedAt', 'presence', 'bundledImages.type', 'images.state'])
    .where('manifest', '!=', '')
    .where('presence', '!=', 'away')
    .where('images.id', '!=', image)
    .execute()
  const kept: Kept[] = []
  for (const { id, bytes, usedAt, presence, type, state } of rows) {
    const mayGo = presence === 'here' && type === 'machine' && state !== 'pending' && state !== 'deregistered'
    kept.push({ id, bytes, usedAt, evictable: mayGo && !(await isUsed(tx, id)) && !(await isRead(tx, id)) })
  }
  const evicted = chooseEvictions(kept, need, room)
  for (const id of evicted) {
    await setPresence(tx, id, { presence: 'leaving' })
    await signal(tx, id, 'evict')
  }
  if (evicted.length > 0) return false
  await setPresence(tx, image, { presence: 'coming' })
  return true
}

/** Whether some are on their way out. */
export async function areLeaving({ db }: Reader): Promise<boolean> {
  const row = db.selectFrom('bundledImages').select('imageId').where('presence', '=', 'leaving')
  return (await row.executeTakeFirst()) !== undefined
}

/** An image is as recently used as another that was launched less than this later. */
const sameUseMs = 60_000

/**
 * Notes that an instance of the image is launched, and has its files fetched if they are not here; whether they are. What is noted is
 * exact to a minute: all guests of an image are read again when it is written.
 */
export async function useImage(tx: Transaction, image: ImageId, now: Date): Promise<boolean> {
  await noteUse(tx, now.getTime(), image, now.getTime() - sameUseMs)
  if (await isHere(tx, image)) return true
  await signal(tx, image, 'want')
  return false
}

const noteUse = prepared((db, usedAt: number, image: ImageId, before: number) =>
  db
    .updateTable('bundledImages')
    .set({ usedAt })
    .where('imageId', '=', image)
    .where('manifest', '!=', '')
    .where('usedAt', '<', before),
)

/** Whether the image's files are here; those of images that are not out of bundles always are. */
export async function isHere(reader: Reader, image: ImageId): Promise<boolean> {
  const row = await rowWhere(reader, 'bundledImages', { imageId: image })
  return (row?.presence ?? 'here') === 'here'
}

/** Whether it was to be fetched again, and could not be. */
export async function isImageGone({ db }: Reader, image: ImageId): Promise<boolean> {
  const row = await db.selectFrom('images').select('state').where('id', '=', image).executeTakeFirst()
  return row?.state === 'failed'
}

/** Lets the instances go on that wait for it. */
export async function tellWaiting(tx: Transaction, image: ImageId): Promise<void> {
  const waiting = tx.db.selectFrom('instances').select('id').where('imageId', '=', image).where('power', '=', 'wait')
  for (const { id } of await waiting.execute()) await signal(tx, id, 'facts')
}

export async function setPresence(
  { db }: Transaction,
  image: ImageId,
  columns: { readonly presence: 'here' | 'coming' | 'leaving' | 'away' },
): Promise<void> {
  await db.updateTable('bundledImages').set(columns).where('imageId', '=', image).execute()
}
