import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from './fault.ts'

/**
 * Makes this process the only one that uses `directory`; refuses if another does. The lock is SQLite's lock on a file,
 * which the kernel gives free when its process ends, however it ends.
 */
export function lockDirectory(directory: string): Disposable {
  const lock = new DatabaseSync(join(directory, 'lock.db'), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new Fault(`${directory} is in use by another process${holderOf(directory)}`, { cause })
  }
  writeFileSync(join(directory, 'lock.pid'), `${process.pid}\n`)
  return { [Symbol.dispose]: () => lock.close() }
}

/** Who holds the lock, as far as it said so. */
function holderOf(directory: string): string {
  try {
    return ` (pid ${readFileSync(join(directory, 'lock.pid'), 'utf8').trim()})`
  } catch {
    return '' // It has not written its number yet; the refusal stands without it.
  }
}
