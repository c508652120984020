import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, SubprocessError } from '../base/subprocess.ts'
import { runningProcess } from './running.ts'
import { pathsOf } from './settings.ts'

const program = join(import.meta.dirname, '../../bin/cumulet')
let folder: string
/** With what is compiled in a place of its own. */
const cumulet = (...args: string[]) =>
  run(program, ['--data', join(folder, 'data'), ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-starter-'))
})
afterAll(async () => {
  await cumulet('down') // Nothing, if all went well.
  await rm(folder, { recursive: true })
})

test('a cloud is started in the background, found there by a second start, and stopped without its agent', {
  timeout: 60_000,
}, async () => {
  const paths = pathsOf(join(folder, 'data'))
  const mask = process.umask(0o077) // Whoever starts it may have any.
  const said = await cumulet('up', '--detach', '--hypervisor', 'fake', '--port', '0', '--dns-port', 'off')
  process.umask(mask)
  expect((await stat(paths.images)).mode & 0o777).toBe(0o755)
  expect(said).toMatch(/✓ image[\s\S]*Cumulet serves us-west-2 at http:[\s\S]*Next:\n {2}\. .*cumuletrc/)
  const [kept] = await readdir(join(folder, 'compiled'))
  const compiledFiles = () => readdir(join(folder, 'compiled', kept!)) // one, for programs with these flags
  const compiled = await compiledFiles()
  const control = await runningProcess(paths.controlState)
  expect(await cumulet('status')).toContain(`pid ${control?.pid}`)

  const again = await cumulet('up', '-d')
  expect(again).toContain(`Cumulet serves already, at ${control?.endpoint}`)
  expect(again).toContain(`. ${paths.shell}`)
  expect((await runningProcess(paths.controlState))?.pid).toBe(control?.pid)

  await expect(cumulet('up', '-d', '--port', '1')).rejects.toThrow(/serves already, at .* and not at/)
  await expect(cumulet('up')).rejects.toThrow('serves from')

  expect(await cumulet('down', '--leave-guests')).toContain('Guests go on')
  expect(await runningProcess(paths.controlState)).toBeUndefined()
  expect(await runningProcess(paths.agentState)).toBeDefined()

  await cumulet('down')
  // What is compiled is kept when a process ends. Had it not been kept before, those who run for good were 15 to 30 MiB larger.
  expect((await compiledFiles()).sort()).toEqual(compiled.sort())
})

test('a start in the background that is refused says why where it was asked for', async () => {
  const refusal = await cumulet('up', '-d', '--no-such').catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(SubprocessError)
  expect((refusal as SubprocessError).stderr).toContain("unknown option '--no-such'")
})
