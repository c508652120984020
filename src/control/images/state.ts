/** Images out of use: disabled, out of date, or kept from being deregistered. */
import { refuse } from '../../model/errors.ts'
import type { Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { unshare } from './share.ts'

/** Nobody launches it, and it is its owner's alone. Done already, it is no error. */
export async function disable(tx: Transaction, image: ImageRow): Promise<void> {
  if (image.state === 'pending') refuse('InvalidAMIID.Unavailable', { id: image.id })
  await unshare(tx, image)
  await set(tx, image, { state: 'disabled' })
}

/** It can be launched again; whom it was shared with is not remembered. */
export async function enable(tx: Transaction, image: ImageRow): Promise<void> {
  if (image.state !== 'disabled') return
  const details = await tx.db
    .selectFrom('bundledImages')
    .select('failure')
    .where('imageId', '=', image.id)
    .executeTakeFirst()
  await set(tx, image, { state: details?.failure ? 'failed' : 'available' })
}

const minuteMs = 60_000
const yearMs = 365.25 * 24 * 60 * minuteMs

/** From that minute on it is out of date. Source: EC2 API Reference, EnableImageDeprecation, for the limits. */
export async function deprecate(tx: Transaction, image: ImageRow, at: Date, now: Date): Promise<void> {
  const moment = Math.round(at.getTime() / minuteMs) * minuteMs
  if (!(moment >= now.getTime() - minuteMs))
    refuse('InvalidParameter', { message: 'The deprecation date cannot be in the past.' })
  if (image.isPublic === 1 && moment > image.createdAt + 2 * yearMs)
    refuse('InvalidParameter', { message: 'A public image is deprecated two years after its creation at the latest.' })
  if (moment > now.getTime() + 10 * yearMs)
    refuse('InvalidParameter', { message: 'The deprecation date cannot be more than ten years from now.' })
  await set(tx, image, { deprecatedAt: moment })
}

export async function undeprecate(tx: Transaction, image: ImageRow): Promise<void> {
  await set(tx, image, { deprecatedAt: null })
}

export function isDeprecated({ deprecatedAt }: Pick<ImageRow, 'deprecatedAt'>, now: Date): boolean {
  return deprecatedAt != null && deprecatedAt <= now.getTime()
}

/** Source: EC2 User Guide, "Protect an AMI from deregistration": a cool-down lasts 24 hours. */
const coolDownMs = 24 * 60 * minuteMs
const cooling = 'until/'

export async function protect(tx: Transaction, image: ImageRow, withCooldown: boolean): Promise<void> {
  await set(tx, image, { protection: withCooldown ? 'enabled-with-cooldown' : 'enabled-without-cooldown' })
}

/** Takes the protection away: at once, or in a day where it has a cool-down. */
export async function unprotect(tx: Transaction, image: ImageRow, now: Date): Promise<void> {
  if (image.protection?.startsWith(cooling)) return
  const cools = image.protection === 'enabled-with-cooldown'
  await set(tx, image, { protection: cools ? `${cooling}${now.getTime() + coolDownMs}` : null })
}

/** As EC2 calls it. Guess: that one that cools down is still called enabled. */
export function protectionOf({ protection }: Pick<ImageRow, 'protection'>, now: Date): string {
  if (!protection) return 'disabled'
  if (!protection.startsWith(cooling)) return protection
  return Number(protection.slice(cooling.length)) > now.getTime() ? 'enabled-with-cooldown' : 'disabled'
}

/** Refuses an image that is kept from being deregistered. Source: EC2 User Guide, "Protect an AMI from deregistration"; Guess: the code. */
export function refuseProtected(image: ImageRow, now: Date): void {
  if (protectionOf(image, now) !== 'disabled')
    refuse('OperationNotPermitted', { message: `The image ${image.id} is protected from deregistration.` })
}

async function set({ db }: Transaction, { id }: ImageRow, columns: Partial<ImageRow>): Promise<void> {
  await db.updateTable('images').set(columns).where('id', '=', id).execute()
}
