import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../base/fault.ts'
import { run, SubprocessError } from '../base/subprocess.ts'

/** Debian packages unpacked side by side in one folder, nothing of them installed. */
export interface Unpacked {
  readonly folder: string
  /** Version of each package. */
  readonly versions: Readonly<Record<string, string>>
}

export interface Asking {
  readonly cacheDir: string
  readonly progress: (line: string) => void
  readonly abort: AbortSignal
}

/** Downloads `names` and every library that they depend on, and unpacks all into one folder. Downloads only what the cache lacks. */
export async function unpackPackages(names: readonly string[], asking: Asking): Promise<Unpacked> {
  const all = await withLists(asking, () => closure(names, asking.abort))
  const versions = await candidates(all, asking.abort)
  const files = await download(versions, asking)
  const folder = join(asking.cacheDir, `unpacked-${process.pid}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const file of files) await run('dpkg-deb', ['-x', file, folder], { abort: asking.abort, timeoutMs: 300_000 })
  return { folder, versions }
}

/** The package that the meta package `name` stands for: its one dependency on a versioned name. */
export async function kernelOf(name: string, asking: Asking): Promise<string> {
  const lines = await withLists(asking, () => depends([name], asking.abort))
  const found = lines.find((it) => /^linux-image-\d/.test(it))
  if (!found) throw new Fault(`the package ${name} depends on no kernel`)
  return found
}

/** Fetches the package lists when apt does not know a package: a fresh system has none. */
async function withLists<T>(asking: Asking, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error
    asking.progress('fetching the package lists')
    await run('apt-get', ['update'], { abort: asking.abort, timeoutMs: 300_000 })
    return await ask()
  }
}

/** Libraries, and libraries of libraries. Without the kernel's own dependencies, which are tools to install it. */
async function closure(names: readonly string[], abort: AbortSignal): Promise<string[]> {
  const kernels = names.filter((it) => it.startsWith('linux-image-'))
  const others = names.filter((it) => !kernels.includes(it))
  const found = new Set(names)
  for (let next = others; next.length > 0; ) {
    const libraries = (await depends(next, abort)).filter((it) => /^lib|^zlib1g/.test(it))
    next = [...new Set(libraries)].filter((it) => !found.has(it))
    for (const it of next) found.add(it)
  }
  return [...found].sort()
}

async function depends(names: readonly string[], abort: AbortSignal): Promise<string[]> {
  const only = ['--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks', '--no-replaces', '--no-enhances']
  const text = await run('apt-cache', ['depends', ...only, ...names], { abort })
  return [...text.matchAll(/^ +(?:\|)?(?:Pre)?Depends: (\S+)$/gm)]
    .map((it) => it[1] ?? '')
    .filter((it) => !/[<>]/.test(it))
}

async function candidates(names: readonly string[], abort: AbortSignal): Promise<Record<string, string>> {
  const text = await run('apt-cache', ['show', '--no-all-versions', ...names], { abort })
  const pairs = text.split('\n\n').map((it) => [field(it, 'Package'), field(it, 'Version')] as const)
  const known = Object.fromEntries(pairs.filter(([name]) => name))
  for (const name of names) if (!known[name]) throw new Fault(`apt offers no package ${name}`)
  return Object.fromEntries(names.map((name) => [name, known[name] ?? '']))
}

function field(stanza: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
}

async function download(versions: Readonly<Record<string, string>>, asking: Asking): Promise<string[]> {
  const folder = join(asking.cacheDir, 'packages')
  await mkdir(folder, { recursive: true })
  const find = async (name: string) => {
    const start = `${name}_${(versions[name] ?? '').replaceAll(':', '%3a')}_`
    return (await readdir(folder)).find((it) => it.startsWith(start) && it.endsWith('.deb'))
  }
  const files: string[] = []
  for (const name of Object.keys(versions)) {
    if (!(await find(name))) await fetchOne(name, versions[name] ?? '', folder, asking)
    const file = await find(name)
    if (!file) throw new Fault(`apt-get did not leave the package ${name} ${versions[name]}`)
    files.push(join(folder, file))
  }
  return files
}

/** Into a folder of its own first: a download that was cut short is never taken for a package. */
async function fetchOne(name: string, version: string, folder: string, asking: Asking): Promise<void> {
  asking.progress(`downloading ${name} ${version}`)
  const partial = join(folder, `partial-${process.pid}`)
  await mkdir(partial, { recursive: true })
  try {
    const get = ['-q', '-o', 'APT::Sandbox::User=root', 'download', `${name}=${version}`]
    await run('apt-get', get, { cwd: partial, abort: asking.abort, timeoutMs: 600_000 })
    for (const file of await readdir(partial)) await rename(join(partial, file), join(folder, file))
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
