import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { below } from './files.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-files-'))
})

afterEach(() => rm(folder, { recursive: true }))

test('what lies below a folder is told once, however links lead', async () => {
  await mkdir(join(folder, 'a', 'b'), { recursive: true })
  await writeFile(join(folder, 'a', 'b', 'file'), '')
  await symlink('a', join(folder, 'to-a'))
  await symlink('..', join(folder, 'a', 'up'))
  await symlink('/proc/self/fd', join(folder, 'a', 'outside'))
  const found = await Array.fromAsync(below(folder))
  const paths = found.map((it) => relative(folder, join(it.parentPath, it.name)))
  expect(paths.sort()).toEqual(['a', 'a/b', 'a/b/file', 'a/outside', 'a/up', 'to-a'])
})
