import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { hasEnded, identify, isAlive, type ProcessIdentity, sendKill } from '../../src/base/process.ts'
import { wantsDetached } from './detach.cjs'

let root: string
let data: string
const started: ProcessIdentity[] = []

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cumulet-detach-')))
  data = join(root, 'above/data')
})
afterEach(async () => {
  for (const it of started.splice(0)) sendKill(it)
  await rm(root, { recursive: true })
})

/** Starts a cloud whose program this is, told `args`; it says its number first. `tell` speaks to its starter. */
async function starting(program: string, ...args: string[]) {
  const file = join(root, 'cloud.mjs')
  const begin = `import { readFileSync, readlinkSync, writeFileSync, writeSync } from 'node:fs'
    const tell = (words) => writeSync(3, words)
    tell('pid ' + process.pid + '\\n')
    `
  await writeFile(file, begin + program)
  const detach = [join(import.meta.dirname, 'detach.cjs'), data]
  const env = { ...process.env, npm_lifecycle_event: 'start', INIT_CWD: '/', KEPT: 'yes' }
  const starter = spawn(process.execPath, [...detach, process.execPath, file, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { promise: born, resolve } = Promise.withResolvers<ProcessIdentity>()
  starter.stdout.on('data', (chunk: Buffer) => {
    const pid = /pid (\d+)/.exec(chunk.toString())?.[1]
    if (pid) resolve(identify(Number(pid)) ?? { pid: Number(pid), startTicks: 'ended', bootId: '' })
  })
  const out = text(starter.stdout)
  const err = text(starter.stderr)
  const cloud = await born
  started.push(cloud)
  const end = once(starter, 'exit').then(async ([status]) => ({ status, out: await out, err: await err }))
  return { starter, cloud, end }
}

const goOn = 'setInterval(() => {}, 1000)\n'

test('the cloud goes on when it serves, and keeps nothing of who started it', async () => {
  const seen = `
    console.error('to the log')
    tell('progress\\n\\x04')
    const fd = [0, 1, 2].map((it) => readlinkSync('/proc/self/fd/' + it))
    const [, , , , session] = readFileSync('/proc/self/stat', 'utf8').replace(/\\(.*\\)/, 'name').split(' ')
    const { KEPT, INIT_CWD, npm_lifecycle_event: npm } = process.env
    console.log('seen ' + JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), fd,
      own: session === String(process.pid), KEPT, INIT_CWD, npm }))
    ${goOn}`
  const { cloud, end } = await starting(seen, 'up', '--detach', '--port', '1')
  expect(await end).toEqual({ status: 0, out: `pid ${cloud.pid}\nprogress\n`, err: '' })
  const log = join(data, 'logs/control.log')
  await expect.poll(() => readFile(log, 'utf8')).toContain('seen')
  const said = await readFile(log, 'utf8')
  expect(said).toContain('to the log')
  expect(JSON.parse(/seen (.*)/.exec(said)![1]!)).toEqual({
    args: ['up', '--port', '1'],
    cwd: '/',
    fd: ['/dev/null', log, log],
    own: true,
    KEPT: 'yes',
  })
  expect(isAlive(cloud)).toBe(true)
})

test('a start that fails says why, gives the status, and leaves no folder where there is no cloud', async () => {
  const { cloud, end } = await starting(`tell('\\x15port taken\\n'); process.exitCode = 4`)
  expect(await end).toEqual({ status: 4, out: `pid ${cloud.pid}\n`, err: 'port taken\n' })
  await expect(access(data)).rejects.toThrow('ENOENT')
})

test('a start that ends without a word is a failure, and says where its log is', async () => {
  const { end } = await starting(`writeFileSync(${JSON.stringify(join(data, 'cloud.json'))}, '{}')`)
  const { status, err } = await end
  expect(status).toBe(1)
  expect(err).toBe(`The start failed. Its log: ${join(data, 'logs/control.log')}\n`)
})

test('Ctrl-C, which comes twice under npm, stops the start once', async () => {
  const program = `process.on('SIGINT', () => { console.log('heard'); setTimeout(() => process.exit(0), 200) })
    console.log('listening')
    ${goOn}`
  const { starter, cloud, end } = await starting(program)
  await writeFile(join(data, 'cloud.json'), '{}')
  await expect.poll(() => readFile(join(data, 'logs/control.log'), 'utf8')).toBe('listening\n')
  starter.kill('SIGINT')
  starter.kill('SIGINT')
  const { status, err } = await end
  expect(status).toBe(130)
  expect(err).toContain('Stopped before it served.')
  expect(await hasEnded(cloud, { clock: systemClock, timeoutMs: 5_000 })).toBe(true)
  expect(await readFile(join(data, 'logs/control.log'), 'utf8')).toBe('listening\nheard\n')
})

test('help is shown in the foreground', () => {
  expect(wantsDetached(['-d'])).toBe(true)
  expect(wantsDetached(['--detach', '--help'])).toBe(false)
  expect(wantsDetached(['--port', '1'])).toBe(false)
})
