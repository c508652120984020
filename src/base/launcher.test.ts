import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Launcher } from './launcher.ts'
import { eventually } from './testing.ts'

const launcher = new Launcher()

test('arguments arrive as they are, whatever a shell would make of them', async () => {
  const odd = ['a  b', '$HOME', '*', '`id`', '"\'\\', '; exit 3', '-n', 'tab\there']
  expect(await launcher.run(['printf', '<%s>', ...odd], {})).toBe(odd.map((it) => `<${it}>`).join(''))
  await expect(launcher.run(['echo', 'two\nlines'], {})).rejects.toThrow('not an argument')
})

test('a program reads what it is given, and many run at once', async () => {
  const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(50_000))
  expect(await Promise.all(texts.map((stdin) => launcher.run(['cat'], { stdin })))).toEqual(texts)
})

test('a program that fails is told with its status and what it said', async () => {
  const failed = launcher.run(['sh', '-c', 'echo no >&2; exit 3'], {})
  await expect(failed).rejects.toMatchObject({ exitCode: 3, stderr: 'no\n' })
  await expect(launcher.run(['no-such-program'], {})).rejects.toMatchObject({ exitCode: 127 })
})

test('a program that is unwanted before it has begun ends too', async () => {
  const own = new Launcher()
  await own.run(['true'], {})
  process.kill(own.pid!, 'SIGSTOP')
  const stop = new AbortController()
  const sleeping = own.run(['sleep', '60'], { abort: stop.signal })
  stop.abort(new Error('enough'))
  process.kill(own.pid!, 'SIGCONT')
  await expect(sleeping).rejects.toMatchObject({ exitCode: null })
})

test('a program ends when it is no longer wanted', async () => {
  const stop = new AbortController()
  const sleeping = launcher.run(['sleep', '60'], { abort: stop.signal })
  await launcher.run(['true'], {})
  stop.abort(new Error('enough'))
  await expect(sleeping).rejects.toMatchObject({ exitCode: null })
  await expect(launcher.run(['sleep', '60'], { timeoutMs: 50 })).rejects.toMatchObject({ exitCode: null })
  await expect(launcher.run(['true'], { abort: stop.signal })).rejects.toMatchObject({ exitCode: null })
})

test('where the shell is killed, what it was to run is not known, and another takes its place', async () => {
  const own = new Launcher()
  await own.run(['true'], {})
  process.kill(own.pid!, 'SIGSTOP') // It shall not have read of it.
  const sleeping = own.run(['sleep', '1'], {})
  process.kill(own.pid!, 'SIGKILL')
  await expect(sleeping).rejects.toMatchObject({ exitCode: null })
  await eventually(async () => expect(await own.run(['echo', 'here'], {})).toBe('here\n'))
})

test('a process ends though it has a launcher, and the launcher with it', async () => {
  const file = join(import.meta.dirname, 'launcher.ts')
  const code = `import { Launcher } from '${file}'
    const it = new Launcher()
    await it.run(['true'], {})
    console.log(it.pid)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    timeout: 20_000,
  })
  await eventually(() => expect(() => process.kill(Number(stdout), 0)).toThrow('ESRCH'))
})
