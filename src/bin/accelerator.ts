/** Which accelerator guests get: found by a trial boot, and remembered for as long as nothing that matters changes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../base/fault.ts'
import type { Paths, Settings } from './settings.ts'

export interface ChosenAccelerator {
  readonly accelerator: 'kvm' | 'tcg' | 'none'
  /** In words, for whoever wonders. */
  readonly why: string
}

const fileOf = (paths: Paths) => join(paths.cache, 'accelerator.json')

export async function chooseAccelerator(
  paths: Paths,
  settings: Settings,
  abort: AbortSignal,
): Promise<ChosenAccelerator> {
  if (settings.hypervisor === 'fake') return { accelerator: 'none', why: 'nothing boots' }
  const { bootTrial, trialKey } = await import('../drivers/hypervisor/qemu/accelerator.ts')
  const key = await trialKey()
  const kept = await readKept(paths)
  if (kept && kept.key === key) return kept.chosen
  const chosen: ChosenAccelerator = await bootTrial(abort)
  await mkdir(paths.cache, { recursive: true })
  await writeFile(fileOf(paths), JSON.stringify({ key, chosen }))
  return chosen
}

/** What `chooseAccelerator` found. Throws a `Fault` where it has not been called yet. */
export async function readAccelerator(paths: Paths, settings: Settings): Promise<ChosenAccelerator> {
  if (settings.hypervisor === 'fake') return { accelerator: 'none', why: 'nothing boots' }
  const kept = await readKept(paths)
  if (!kept) throw new Fault('no accelerator has been chosen yet: run cumulet up')
  return kept.chosen
}

async function readKept(paths: Paths): Promise<{ key: string; chosen: ChosenAccelerator } | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(paths), 'utf8')) as { key: string; chosen: ChosenAccelerator }
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}
