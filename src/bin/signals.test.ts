import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** Waits for its end to be asked for, says so, and is slow to end. */
async function slow() {
  const program = `import { stopAtSignals } from '${join(import.meta.dirname, 'signals.ts')}'
    const stop = stopAtSignals()
    stop.addEventListener('abort', () => console.log('stops: ' + stop.reason.message))
    process.on('SIGUSR2', () => process.exit(5))
    setInterval(() => {}, 1000)
    console.log('ready')`
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const next = async () => String(((await once(child.stdout, 'data')) as [Buffer])[0]).trim()
  expect(await next()).toBe('ready')
  return { child, next }
}

it('takes a signal that comes twice at once, as under npm, for one', async () => {
  const { child, next } = await slow()
  child.kill('SIGINT')
  child.kill('SIGINT')
  expect(await next()).toBe('stops: ended by SIGINT')
  child.kill('SIGUSR2')
  expect(await once(child, 'exit')).toEqual([5, null])
})

it('ends at once when a second one comes later', async () => {
  const { child, next } = await slow()
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await next()).toBe('stops: ended by SIGTERM')
  const again = setInterval(() => child.kill('SIGINT'), 100)
  expect(await exit).toEqual([130, null])
  clearInterval(again)
})
