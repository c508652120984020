import { lstat, lutimes, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../base/subprocess.ts'
import type { Archive } from './archive.ts'

export interface BootstrapOptions {
  readonly archive: Archive
  readonly packages: readonly string[]
  /** Programs that are given the new system's folder: before its packages are installed, and after. */
  readonly prepare: string
  readonly finish: string
  /** Parts of the whole, 0 to 1, and what is being done. */
  readonly progress: (part: number, text: string) => void
  readonly abort: AbortSignal
}

/** Installs Debian into `folder`, which is not there yet. The same packages give the same content; nothing in it is younger than the archive. */
export async function bootstrap(folder: string, options: BootstrapOptions): Promise<void> {
  const { archive, abort } = options
  const seconds = Math.floor(archive.date.getTime() / 1000)
  // The rest of our environment stays: a proxy for apt may be in it.
  const env = [`SOURCE_DATE_EPOCH=${seconds}`, 'LC_ALL=C.UTF-8', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin']
  const how = ['--mode=root', '--variant=minbase', '--format=directory', '--architectures=amd64', '--verbose']
  const what = [`--include=${options.packages.join()}`]
  const hooks = [`--essential-hook=${options.prepare}`, `--customize-hook=${options.finish}`]
  const command = ['mmdebstrap', ...how, ...what, ...hooks, archive.codename, folder, ...archive.sources]
  await run('unshare', [...apart, 'env', ...env, ...command], {
    abort,
    timeoutMs: 3_600_000,
    hear: listenFor(options.progress),
  })
  await agePast(folder, seconds)
}

/**
 * Its mounts (/proc, /sys, single devices) are seen by nobody else, and go with its processes, which go when it is ended: nothing
 * of the machine's own lies in the folder when that is removed. Source: unshare(1); mmdebstrap in mode root mounts where it is.
 */
const apart = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--']

/** What mmdebstrap says when it begins something, how far it then is, and how we say it. Measured with packages from a near mirror. */
const stages: readonly (readonly [said: RegExp, part: number, text: string])[] = [
  [/running apt-get update/, 0, 'fetching package lists'],
  [/downloading packages/, 0.08, 'downloading the base system'],
  [/extracting archives/, 0.2, 'unpacking the base system'],
  [/installing essential packages/, 0.25, 'installing the base system'],
  [/installing remaining packages/, 0.4, 'downloading packages'],
  [/cleaning package lists/, 0.95, 'cleaning up'],
]

/** Of the parts between 0.5 and 0.95 one is done with each package that is set up. */
function listenFor(progress: BootstrapOptions['progress']): (text: string) => void {
  const heard = { total: 0, done: 0 }
  return (text) => {
    for (const line of text.split('\n')) {
      const stage = stages.find(([said]) => /^I: /.test(line) && said.test(line))
      if (stage) progress(stage[1], stage[2])
      const count = /(\d+) newly installed/.exec(line)
      if (count) Object.assign(heard, { total: Number(count[1]), done: 0 })
      if (!/^Setting up /.test(line) || heard.total === 0) continue
      heard.done += 1
      progress(0.5 + 0.45 * Math.min(1, heard.done / heard.total), `installing ${line.split(' ')[2]}`)
    }
  }
}

/** Nothing in `folder` shall be younger than `seconds`: what is was made just now. Follows no links, which lead out of the folder. */
async function agePast(folder: string, seconds: number): Promise<void> {
  for (const it of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, it.name)
    if (it.isDirectory()) await agePast(path, seconds)
    else if ((await lstat(path)).mtimeMs > seconds * 1000) await lutimes(path, seconds, seconds)
  }
  if ((await lstat(folder)).mtimeMs > seconds * 1000) await lutimes(folder, seconds, seconds)
}
