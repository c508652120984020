/** `cumulet image build` */
import { join } from 'node:path'
import { debianArchive } from '../../images/debian/archive.ts'
import { buildDebian, debianName, debianRecipe } from '../../images/debian/debian.ts'
import { describedIn, makeImage } from '../../images/image-folder.ts'
import { imageIdOf } from '../control/image-offers.ts'
import type { Progress } from '../progress.ts'
import type { Paths } from '../settings.ts'
import { ensureOnDemand } from './needs.ts'
import { offer, requireRunning } from './offer.ts'

/** Builds Debian as it is today in this machine's mirror, and offers it. What is there already is not built again. */
export async function buildImage(paths: Paths, progress: Progress, abort: AbortSignal): Promise<void> {
  const endpoint = await requireRunning(paths)
  await ensureOnDemand('debian-image')
  const archive = await progress.step('package lists', () => debianArchive(abort))
  const recipe = await debianRecipe(archive)
  const id = imageIdOf(recipe)
  const folder = join(paths.images, id)
  const name = debianName(archive, recipe)
  if (await describedIn(folder)) progress.say(`${name} is there already.`)
  else {
    await progress.step(name, (detail) => {
      const shown = (part: number, text: string) => detail(`${bar(part)} ${text}`)
      const scratch = join(paths.cache, 'scratch')
      return makeImage(folder, (into) => buildDebian(into, { archive, scratch, progress: shown, abort }))
    })
  }
  await offer(endpoint, id, abort)
  progress.say(`${id}  ${name}: log in as admin with your key. It wants 512 MiB of memory or more.`)
}

const width = 24

/** `[######------------------]  25 %` */
export function bar(part: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * width)
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}] ${String(Math.floor(part * 100)).padStart(3)} %`
}
