import { readFileSync } from 'node:fs'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault } from '../base/fault.ts'
import { below } from '../base/files.ts'
import { reseedProgram } from '../base/reseed-program.ts'
import { run } from '../base/subprocess.ts'
import type { Entry } from './cpio.ts'
import { loadOrder, moduleName, neededLibraries, neededModules, unsigned } from './elf.ts'
import type { Recipe } from './recipe.ts'

/** The two trees of an image, from its recipe and the unpacked packages. */
export interface Trees {
  readonly initrd: readonly Entry[]
  readonly root: readonly Entry[]
}

export async function plantTrees(recipe: Recipe, packages: string, abort: AbortSignal): Promise<Trees> {
  const { manifest } = recipe
  const modules = await modulesOf(packages)
  const order = moduleGroups(manifest.modules, modules)
  const busybox = await executable('bin/busybox', join(packages, 'bin/busybox'))
  const applets = await appletsOf(join(packages, 'bin/busybox'), abort)
  const group = (name: keyof typeof order, folder: string) => numbered(order[name], folder, modules)
  const initrd = [...recipe.initrd, busybox, ...folders(['dev', 'proc', 'root', 'sys']), console]
  const programs = await programsOf(manifest.programs, packages)
  return {
    initrd: tidy([...initrd, ...group('disk', 'modules/disk'), ...group('network', 'modules/network')]),
    root: tidy([
      ...recipe.root,
      ...programs,
      { kind: 'file', path: 'usr/sbin/reseed', mode: 0o755, content: reseedProgram() },
      ...applets,
      ...folders(manifest.folders),
      console,
      ...group('late', 'lib/modules/late'),
    ]),
  }
}

/** What the kernel gives its first program as standard output, before devtmpfs is there. */
const console: Entry = { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 }

function folders(paths: readonly string[]): Entry[] {
  return paths.map((path) => ({
    kind: 'folder',
    path,
    mode: path === 'tmp' ? 0o1777 : path.endsWith('.ssh') ? 0o700 : 0o755,
  }))
}

/** The programs, each library they need, and the dynamic loader, at the paths where the loader looks. */
async function programsOf(programs: Readonly<Record<string, string>>, packages: string): Promise<Entry[]> {
  const libraries = await librariesOf(packages)
  const entries = new Map<string, Entry>()
  const add = async (path: string, file: string) => {
    if (entries.has(path)) return
    const entry = await executable(path, file)
    entries.set(path, entry)
    for (const it of neededLibraries(entry.content)) {
      const found = libraries.get(basename(it))
      if (!found) throw new Fault(`${path} needs ${it}, which is in none of the packages`)
      await add(it.startsWith('/') ? it.slice(1) : `lib/x86_64-linux-gnu/${it}`, found)
    }
  }
  for (const [path, file] of Object.entries(programs)) await add(path.slice(1), join(packages, file))
  return [...entries.values()]
}

/** Files in the library folders by their name. */
async function librariesOf(packages: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const folder of ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'lib64']) {
    const names = await readdir(join(packages, folder)).catch(() => [] as string[])
    for (const name of names) if (!found.has(name)) found.set(name, join(packages, folder, name))
  }
  return found
}

async function executable(path: string, file: string) {
  return { kind: 'file', path, mode: 0o755, content: await readFile(await realpath(file)) } as const
}

/** A link for each of busybox' programs, but for the paths that the image fills itself. */
async function appletsOf(busybox: string, abort: AbortSignal): Promise<Entry[]> {
  const list = await run(busybox, ['--list-full'], { abort })
  const paths = list.split('\n').filter((it) => it !== '' && it !== 'bin/busybox')
  return paths.map((path) => ({ kind: 'link', path, target: '/bin/busybox' }))
}

interface Modules {
  /** Content of each module by its kernel name, without its signature. */
  read(name: string): Buffer
  file(name: string): string
}

async function modulesOf(packages: string): Promise<Modules> {
  const root = join(packages, 'lib/modules')
  const byName = new Map<string, string>()
  for await (const { name, parentPath } of below(root))
    if (name.endsWith('.ko')) byName.set(moduleName(name), join(parentPath, name))
  const contents = new Map<string, Buffer>()
  const wanted = (name: string): string => {
    const file = byName.get(name)
    if (!file) throw new Fault(`the kernel package has no module ${name}`)
    return file
  }
  return { file: (name) => basename(wanted(name)), read: (name) => contents.get(name) ?? remember(name) }

  function remember(name: string): Buffer {
    const content = unsigned(readFileSync(wanted(name)))
    contents.set(name, content)
    return content
  }
}

function moduleGroups(groups: Recipe['manifest']['modules'], modules: Modules) {
  const needs = (name: string) => neededModules(modules.read(name))
  const disk = loadOrder(groups.disk, needs)
  const network = loadOrder(groups.network, needs, disk)
  return { disk, network, late: loadOrder(groups.late, needs, [...disk, ...network]) }
}

/** File names that sort in the order of loading. */
function numbered(names: readonly string[], folder: string, modules: Modules): Entry[] {
  return names.map((name, index) => ({
    kind: 'file',
    path: `${folder}/${String(index).padStart(2, '0')}-${modules.file(name)}`,
    mode: 0o644,
    content: modules.read(name),
  }))
}

/** Sorted, with every folder on the way, and of several entries with one path the first. */
export function tidy(entries: readonly Entry[]): Entry[] {
  const byPath = new Map<string, Entry>()
  for (const it of entries) if (!byPath.has(it.path)) byPath.set(it.path, it)
  for (const it of entries)
    for (let path = dirname(it.path); path !== '.'; path = dirname(path))
      if (!byPath.has(path)) byPath.set(path, { kind: 'folder', path, mode: 0o755 })
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}
