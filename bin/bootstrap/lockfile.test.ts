import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Locked {
  readonly optional?: boolean
  readonly os?: string | readonly string[]
  readonly cpu?: string | readonly string[]
  readonly libc?: readonly string[]
  readonly engines?: { readonly node?: string }
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const text = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8')
const lockfile = JSON.parse(text) as { packages: Record<string, Locked>; dependencies?: object }
const packages = Object.entries(lockfile.packages)

test('the lockfile can be read by npm 6 too, which wants the list of version 1 beside that of version 3', () => {
  expect(lockfile.dependencies).toHaveProperty('kysely')
})

test('the lockfile names the packages of all platforms: npm 11 refuses it otherwise', () => {
  const names = new Set(packages.map(([path]) => path.split('node_modules/').at(-1)))
  const wanted = packages.flatMap(([, it]) => Object.keys(it.optionalDependencies ?? {}))
  expect(wanted.filter((it) => !names.has(it))).toEqual([])
})

/**
 * npm leaves out an optional package, without a word, where the Node that npm itself runs on is older than the package wants.
 * Ours are programs and parts of programs that run on the pinned Node: their `engines` are to be deleted from the lockfile.
 */
test('the lockfile asks no Node of the binaries for Linux, which an old one has to install', () => {
  const has = (list: string | readonly string[] | undefined, one: string) => [list].flat().includes(one)
  const ours = packages.filter(
    ([, it]) =>
      it.optional && has(it.os, 'linux') && !has(it.libc, 'musl') && (has(it.cpu, 'x64') || has(it.cpu, 'arm64')),
  )
  expect(ours.length).toBeGreaterThan(5)
  expect(ours.filter(([, it]) => it.engines?.node !== undefined).map(([path]) => path)).toEqual([])
})

test('no package of Linux runs a script when it is installed', () => {
  const scripted = packages.filter(([, it]) => it.hasInstallScript && (it.os === undefined || it.os.includes('linux')))
  expect(scripted.map(([path]) => path)).toEqual([])
})
