/** The model of a service from its snapshot in a cache directory, which is made when it is missing or out of date. */
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault, systemCode } from '../../base/fault.ts'
import { run } from '../../base/subprocess.ts'
import { clientOf, extractorVersion, type Service, type Snapshot } from './snapshot.ts'

/**
 * Reads the snapshot of `service` in `cacheDir`. Makes it first, in another process, if it is missing, unreadable, or
 * made from another version of the client or by another extractor; several callers at once do no harm.
 */
export async function loadModel(service: Service, cacheDir: string, abort?: AbortSignal): Promise<Snapshot> {
  const file = join(cacheDir, `model-${service}.json`)
  const stamp = await stampOf(service)
  const kept = await readSnapshot(file)
  if (kept?.stamp === stamp) return kept
  const extractor = fileURLToPath(import.meta.resolve('./extract.ts'))
  await run(process.execPath, [extractor, service, file, stamp], abort ? { abort } : {})
  const made = await readSnapshot(file)
  if (made?.stamp !== stamp) throw new Fault(`${file} is not the snapshot that was just made: ${made?.stamp}`)
  return made
}

/** What a snapshot has to say that it was made from. */
async function stampOf(service: Service): Promise<string> {
  const found = findPackageJSON(clientOf[service], import.meta.url)
  if (!found) throw new Fault(`${clientOf[service]} is not installed`)
  const { version } = JSON.parse(await readFile(found, 'utf8')) as { version: string }
  return `${clientOf[service]}@${version} extractor ${extractorVersion}`
}

/** The snapshot in `file`; undefined if there is none, or it is no JSON (a disk that was full, a machine that lost power). */
async function readSnapshot(file: string): Promise<Snapshot | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Snapshot
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}
