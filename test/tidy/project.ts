/** The project's own files, as text and as syntax trees. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseAst } from 'vitest/node'

export const root = join(import.meta.dirname, '..', '..')

/** Made by tools, or not ours. */
const foreign = new Set(['node_modules', '.git', '.cache', 'coverage'])

/** Every file of the project that fits the pattern, as a path from its root, sorted. */
export function filesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: root, withFileTypes: true, exclude: (it) => foreign.has(it.name) })
    .filter((it) => it.isFile())
    .map((it) => relative(root, join(it.parentPath, it.name)))
    .sort()
}

/** What is in the repository; in a copy without its history, every file. */
export function publishedFiles(): string[] {
  if (!existsSync(join(root, '.git'))) return filesOf('**')
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
  return listed.filter((it) => it !== '' && existsSync(join(root, it)))
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** A node of the syntax tree: ESTree with TypeScript's own nodes. Source: TSESTree, as Oxc and typescript-eslint write it. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly [field: string]: unknown
}

const parsed = new Map<string, readonly Node[]>()

/** Every node of a TypeScript file, parents first. */
export function nodesOf(file: string): readonly Node[] {
  const known = parsed.get(file)
  if (known) return known
  const nodes: Node[] = []
  visit(parseAst(textOf(file), { lang: 'ts' }, file), nodes)
  parsed.set(file, nodes)
  return nodes
}

function visit(value: unknown, into: Node[]): void {
  if (Array.isArray(value)) for (const item of value) visit(item, into)
  else if (isNode(value)) {
    into.push(value)
    for (const child of Object.values(value)) visit(child, into)
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** `FILE:LINE`, for messages. */
export function placeOf(file: string, { start }: Node): string {
  return `${file}:${textOf(file).slice(0, start).split('\n').length}`
}

/** Tests, and what only they need. */
export function isForTests(file: string): boolean {
  return /\.test\.ts$|\/testing\/|\/testing\.ts$|\/suite\.ts$/.test(file)
}
