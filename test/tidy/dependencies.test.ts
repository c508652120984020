import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { textOf } from './project.ts'

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly optionalDependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
}

interface Needs {
  needsOf(what: 'test' | 'bench' | 'debian-image' | 'uefi'): Record<string, unknown>
}

const { dependencies, optionalDependencies, devDependencies } = JSON.parse(textOf('package.json')) as Manifest
const packages = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies })

/** Rows of ARCHITECTURE.md: name, version, date of that version's release, what it saves us. */
const rows = textOf('ARCHITECTURE.md')
  .split('\n')
  .map((line) => /^\| `([^`]+)` \| (\S+) \| (\d{4}-\d{2}-\d{2}) \| (.+) \|$/.exec(line))
  .flatMap((found) => (found ? [{ name: found[1], version: found[2], why: found[4] }] : []))

describe('ARCHITECTURE.md', () => {
  it.each(packages)('says what %s saves us, in the version that we have', (name, version) => {
    expect(rows).toContainEqual({ name, version, why: expect.stringMatching(/\w{3}/) })
  })

  it.each(debianPackages())('says what the Debian package %s saves us', (name) => {
    expect(rows.map((it) => it.name)).toContain(name)
  })

  it('names nothing that we do not depend on', () => {
    const known = [...packages.map(([name]) => name), ...debianPackages()]
    expect(rows.map((it) => it.name).filter((it) => !known.includes(it ?? ''))).toEqual([])
  })
})

/** What the bootstrap installs, for the cloud, for what few clouds need, and for tests. */
function debianPackages(): string[] {
  const { needsOf } = createRequire(import.meta.url)('../../bin/bootstrap/needs.cjs') as Needs
  return (['test', 'bench', 'debian-image', 'uefi'] as const).flatMap((it) => Object.keys(needsOf(it)))
}

describe('package.json', () => {
  it('says each version exactly', () => {
    expect(packages.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it('pins the same Node for every kind of machine', () => {
    expect(new Set(Object.values(optionalDependencies)).size).toBe(1)
  })
})
