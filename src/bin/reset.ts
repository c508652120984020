/** `cumulet reset`: as if it had never been. */
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Fault } from '../base/fault.ts'
import { down } from './down.ts'
import { leaveRegions, othersOf, type Place } from './joining.ts'
import type { Progress } from './progress.ts'
import { type Paths, readSettings } from './settings.ts'

export interface ResetOptions {
  readonly paths: Paths
  readonly sure: boolean
  readonly progress: Progress
}

/** Deletes the data directory; only one that holds a cloud, so that a slip of `--data` deletes nothing else. */
export async function reset({ paths, sure, progress }: ResetOptions, abort: AbortSignal): Promise<void> {
  const settings = await readSettings(paths)
  if (!settings) throw new Fault(`There is no cloud in ${paths.data}.`)
  const place = { paths, settings }
  await requireAlone(place)
  if (!sure && !(await confirmed(paths, abort))) throw new Fault('Nothing was deleted.')
  await down({ paths, graceMs: 0, progress }, abort)
  await leaveRegions(place)
  await progress.step(`deleting ${paths.data}`, () => rm(paths.data, { recursive: true, force: true }))
}

/** Regions that joined would be without accounts and objects. */
async function requireAlone(place: Place): Promise<void> {
  if (place.settings.join !== undefined) return
  const joined = (await othersOf(place)).map((it) => `${it.settings.region} in ${it.paths.data}`)
  if (joined.length > 0)
    throw new Fault(`Other regions live by this cloud's accounts: reset them first (${joined.join(', ')}).`)
}

async function confirmed(paths: Paths, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Fault('Say --yes to delete without being asked.')
  const questions = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return (await questions.question(`Delete everything in ${paths.data}? Type yes: `, { signal })) === 'yes'
  } finally {
    questions.close()
  }
}
