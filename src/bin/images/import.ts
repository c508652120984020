/** `cumulet image import` */
import { randomUUID } from 'node:crypto'
import { readFile, realpath, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { Fault, messageOf } from '../../base/fault.ts'
import { systemRandom } from '../../base/random.ts'
import { describedIn, makeImage } from '../../images/image-folder.ts'
import type { DiskFormat } from '../../images/import/disk-format.ts'
import { importImage } from '../../images/import/import.ts'
import { tinyRecipe } from '../../images/tiny.ts'
import { newId } from '../../model/ids.ts'
import { imageIdOf } from '../control/image-offers.ts'
import type { Progress } from '../progress.ts'
import type { Paths } from '../settings.ts'
import { ensureOnDemand } from './needs.ts'
import { offer, requireRunning } from './offer.ts'

export interface ImportChoices {
  readonly name?: string
  readonly format?: DiskFormat
  readonly firmware?: 'bios' | 'uefi'
  readonly largest: number
}

/** Makes a private image of the account out of a disk, a folder or an OCI image. */
export async function importFrom(
  paths: Paths,
  source: string,
  { largest, name = nameFrom(source), ...choices }: ImportChoices,
  progress: Progress,
  abort: AbortSignal,
): Promise<void> {
  checkName(name)
  const endpoint = await requireRunning(paths)
  const { account } = JSON.parse(await readFile(paths.profile, 'utf8')) as { account: string }
  const lender = join(paths.images, imageIdOf(await tinyRecipe()))
  const image = await describedIn(lender)
  if (!image) throw new Fault('The tiny image is not there, whose kernel would be lent.')
  const id = newId('image', systemRandom)
  const { firmware } = await progress.step(name, async (detail) => {
    const about = { name, ...choices, largestGiB: largest, scratch: join(paths.images, '.scratch'), uuid: randomUUID() }
    const more = { lender: { folder: lender, image }, now: systemClock.now(), account, progress: detail, abort }
    return await makeImage(join(paths.images, id), (into) => importImage(source, into, { ...about, ...more })).catch(
      (error: unknown) => {
        abort.throwIfAborted()
        throw new Fault(`${source} is not taken: ${messageOf(error)}`, { cause: error })
      },
    )
  })
  if (firmware === 'uefi') await ensureOnDemand('uefi')
  await offer(endpoint, id, abort).catch(async (error: unknown) => {
    const folder = join(paths.images, id)
    for (const it of [await realpath(folder), folder]) await rm(it, { recursive: true, force: true })
    throw error
  })
  progress.say(`${id}  ${name}`)
}

/** The file's name without what tells its format. */
function nameFrom(source: string): string {
  return basename(source).replace(/\.(?:raw|img|qcow2|vmdk|vhd|tar|oci)$/i, '')
}

/** Source: EC2 API Reference, RegisterImage, Name. */
function checkName(name: string): void {
  if (!/^[\w()[\]./ '@-]{3,128}$/.test(name))
    throw new Fault(
      `No name of an image: "${name}". 3 to 128 letters, digits, spaces and ( ) [ ] . / - ' @ _ make one (--name).`,
    )
}
