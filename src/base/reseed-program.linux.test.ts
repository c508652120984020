import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { reseedProgram } from './reseed-program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-reseed-'))
  await writeFile(join(folder, 'reseed'), reseedProgram(), { mode: 0o755 })
})
afterAll(() => rm(folder, { recursive: true }))

function statusWith(input: string, output: string): number | null {
  const [from, to] = [openSync(input, 'r'), openSync(output, 'w')]
  try {
    return spawnSync(join(folder, 'reseed'), { stdio: [from, to, 'inherit'] }).status
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

it('gives the kernel random numbers and has it begin anew, or says that it could not', () => {
  expect(statusWith('/dev/urandom', '/dev/urandom')).toBe(0)
  expect(statusWith('/dev/null', '/dev/urandom')).toBe(1)
  expect(statusWith('/dev/urandom', '/dev/null')).toBe(1)
})
