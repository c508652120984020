/** The commands under their names in a folder: links to one launcher, which looks at the name it is called by. */
import { lstat, mkdir, readlink, rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../base/fault.ts'
import { installedNames } from './commands/index.ts'

const ownLauncher = join(import.meta.dirname, '..', '..', 'bin', 'ec2')

/**
 * Makes a link in `folder` for each name of each command (`ec2-run-instances`, `euca-run-instances`, …) and gives the names.
 * Links of an earlier installation are replaced; anything else of such a name is somebody's, and refused.
 */
export async function installCommands(folder: string, launcher = ownLauncher): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  for (const name of installedNames) await link(launcher, join(folder, name))
  return installedNames
}

async function link(launcher: string, path: string): Promise<void> {
  const there = await lstat(path).catch(ignoreMissing)
  if (there && !there.isSymbolicLink()) throw new Fault(`${path} is in the way: it is not a link of ours`)
  if (there && (await readlink(path)) === launcher) return
  const fresh = `${path}.${process.pid}`
  await symlink(launcher, fresh)
  await rename(fresh, path)
}

function ignoreMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error
}
