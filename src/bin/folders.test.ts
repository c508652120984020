import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolders } from './folders.ts'
import { pathsOf } from './settings.ts'

async function place() {
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-folders-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o711)
  return pathsOf(folder)
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

test('logs, and what our processes meet by, are for whoever started the cloud alone', async () => {
  const paths = await place()
  await makeFolders(paths)
  expect(await modeOf(paths.logs)).toBe(0o700)
  expect(await modeOf(paths.run)).toBe(0o700)
  expect(await modeOf(paths.images)).toBe(0o755)
})

test('folders of an older version are closed at the next start', async () => {
  const paths = await place()
  for (const folder of [paths.logs, paths.run]) await mkdir(folder, { mode: 0o755 })
  await makeFolders(paths)
  expect(await modeOf(paths.logs)).toBe(0o700)
  expect(await modeOf(paths.run)).toBe(0o700)
})
