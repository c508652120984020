import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { flushCompileCache, getCompileCacheDir } from 'node:module'
import { join } from 'node:path'

const program = join(import.meta.dirname, '..')

/**
 * Has Node keep the whole program compiled, where it does not yet: whoever runs for good and compiles it is 30 MB larger ever after.
 * Takes half a second and more where a source is newer than what is kept.
 */
export async function keepCompiled(): Promise<void> {
  const folder = getCompileCacheDir()
  if (folder === undefined) return // Node was told to keep nothing.
  const stamp = join(folder, 'whole-program')
  if (writtenAt(stamp) > newestSource()) return
  await import('./warm.ts')
  flushCompileCache()
  writeFileSync(stamp, '')
}

/** Milliseconds since 1970; 0 for what is not there. */
function writtenAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Of folders too: a file may come that is older than what is kept. */
function newestSource(): number {
  const files = readdirSync(program, { recursive: true }) as string[]
  return Math.max(...files.map((it) => writtenAt(join(program, it))))
}
