import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from './fault.ts'

/** Whether there is something at this path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

/** All that lies below the folder, folders before what is in them. Links are told and not followed; Node's own recursive `readdir` follows them. */
export async function* below(folder: string): AsyncGenerator<Dirent> {
  for (const it of await readdir(folder, { withFileTypes: true })) {
    yield it
    if (it.isDirectory()) yield* below(join(folder, it.name))
  }
}
