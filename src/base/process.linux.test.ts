import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { systemClock } from './clock.ts'
import { hasEnded, identify, isAlive, sendKill } from './process.ts'

/** Its first thread ends at once, the other never. */
const outlived = `
import ctypes, threading, time
threading.Thread(target=lambda: (print('up', flush=True), time.sleep(1000))).start()
ctypes.CDLL(None).pthread_exit(None)
`

it('a process whose first thread has ended lives as long as its others', async () => {
  const child = spawn('/usr/bin/python3', ['-c', outlived], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    await once(child.stdout, 'data')
    const process = identify(child.pid!)! // It runs.
    await expect.poll(() => readFileSync(`/proc/${process.pid}/status`, 'utf8')).toMatch(/^State:\tZ/m)
    expect(isAlive(process)).toBe(true)
    sendKill(process)
    expect(await hasEnded(process, { clock: systemClock, timeoutMs: 10_000 })).toBe(true)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
})
