/** `cumulet reset`: as if it had never been. */
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Fault } from '../base/fault.ts'
import { down } from './down.ts'
import type { Progress } from './progress.ts'
import { type Paths, readSettings } from './settings.ts'

export interface ResetOptions {
  readonly paths: Paths
  readonly sure: boolean
  readonly progress: Progress
}

/** Deletes the data directory; only one that holds a cloud, so that a slip of `--data` deletes nothing else. */
export async function reset({ paths, sure, progress }: ResetOptions, abort: AbortSignal): Promise<void> {
  if (!(await readSettings(paths))) throw new Fault(`There is no cloud in ${paths.data}.`)
  if (!sure && !(await confirmed(paths, abort))) throw new Fault('Nothing was deleted.')
  await down({ paths, graceMs: 0, progress }, abort)
  await progress.step(`deleting ${paths.data}`, () => rm(paths.data, { recursive: true, force: true }))
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
