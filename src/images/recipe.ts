import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { reseedProgram } from '../base/reseed-program.ts'
import type { Entry } from './cpio.ts'

/** What an image is made of: `manifest.json` of its recipe. */
export interface Manifest {
  readonly name: string
  readonly description: string
  readonly architecture: 'x86_64'
  readonly defaultUser: string
  /** Serial number of the disk that the initial RAM disk looks for. */
  readonly rootDevice: string
  readonly commandLine: string
  readonly kernelPackage: string
  readonly packages: readonly string[]
  /** Where in the image, and where in the unpacked packages. */
  readonly programs: Readonly<Record<string, string>>
  /** Loaded in this order, each with what it needs. `late` is loaded from the root disk once SSH is open. */
  readonly modules: {
    readonly disk: readonly string[]
    readonly network: readonly string[]
    readonly late: readonly string[]
  }
  /** Empty folders. */
  readonly folders: readonly string[]
  readonly rootBlocks: number
  readonly blockSize: number
}

export interface Recipe {
  readonly manifest: Manifest
  /** Changes with every byte of the recipe and of the builder. */
  readonly digest: string
  readonly initrd: readonly Entry[]
  readonly root: readonly Entry[]
}

/** Reads the recipe in `folder`. The files of `builder`, those in its folders not, are further things that the result depends on. */
export async function readRecipe(folder: string, builder: string): Promise<Recipe> {
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest
  const [initrd, root] = [await entriesIn(join(folder, 'initrd')), await entriesIn(join(folder, 'root'))]
  const sources = (await entriesIn(builder)).filter(
    (it) => it.kind === 'file' && !it.path.includes('/') && !it.path.endsWith('.test.ts'),
  )
  return {
    manifest,
    initrd,
    root,
    digest: digestOf([JSON.stringify(manifest), ...[initrd, root, sources].map(describe), sha256(reseedProgram())]),
  }
}

/** Everything below `folder`, sorted, folders before what is in them. Files are executable or not: 755 or 644. */
export async function entriesIn(folder: string, prefix = ''): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const it of (await readdir(join(folder, prefix), { withFileTypes: true })).sort(byName)) {
    const path = prefix === '' ? it.name : `${prefix}/${it.name}`
    if (it.isDirectory()) entries.push({ kind: 'folder', path, mode: 0o755 }, ...(await entriesIn(folder, path)))
    else entries.push(await fileEntry(join(folder, path), path))
  }
  return entries
}

async function fileEntry(file: string, path: string): Promise<Entry> {
  const mode = (await stat(file)).mode & 0o100 ? 0o755 : 0o644
  return { kind: 'file', path, mode, content: await readFile(file) }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1
}

function describe(entries: readonly Entry[]): string {
  return JSON.stringify(entries.map((it) => (it.kind === 'file' ? [it.path, it.mode, sha256(it.content)] : [it.path])))
}

function digestOf(parts: readonly string[]): string {
  return sha256(Buffer.from(parts.join('\n')))
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
