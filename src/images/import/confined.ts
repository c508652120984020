import { constants } from 'node:fs'
import { chown, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../base/fault.ts'
import { run } from '../../base/subprocess.ts'

/** Whoever reads what strangers made: no entry of /etc/passwd has this number, no guest and no volume. */
export const importUser = 1_399_999_000

export interface Limits {
  /** No file that the program writes may be longer. */
  readonly largestFile: number
  readonly abort: AbortSignal
}

const addressSpaceMiB = 2048
const cpuSeconds = 1800

/**
 * Runs a program over bytes that may be made to break it: as a user who owns nothing else, without network, and with an end to
 * its time, memory and files. Gives its standard output.
 */
export function runConfined(program: string, args: readonly string[], limits: Limits): Promise<string> {
  const user = ['setpriv', `--reuid=${importUser}`, `--regid=${importUser}`, '--clear-groups']
  const rights = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all']
  const sizes = [`--as=${addressSpaceMiB * 2 ** 20}`, `--fsize=${limits.largestFile}`]
  const others = [`--cpu=${cpuSeconds}`, '--nofile=64', '--core=0']
  const apart = ['--net', '--ipc', '--']
  return run('unshare', [...apart, ...user, ...rights, 'prlimit', ...sizes, ...others, program, ...args], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    cwd: '/',
    mostBytes: 16 * 2 ** 20,
    abort: limits.abort,
    timeoutMs: 2 * cpuSeconds * 1000,
  })
}

/** A new folder that confined programs may write into. */
export async function openFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chown(folder, importUser, importUser)
  return folder
}

/**
 * Moves a file that a confined program left in `folder` to `target`, as ours and readable for all. The folder is closed to that
 * program first; what is no file of its own (a link to ours) is refused. Gives its size.
 */
export async function takeOver(folder: string, name: string, target: string): Promise<number> {
  const [user, group] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  await chown(folder, user, group)
  await using handle = await open(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW)
  const { size, nlink } = await handle.stat()
  if (!(await handle.stat()).isFile() || nlink !== 1) throw new Fault(`${name} is not a file of its own`)
  await handle.chown(user, group)
  await handle.chmod(0o644)
  await rename(join(folder, name), target)
  return size
}
