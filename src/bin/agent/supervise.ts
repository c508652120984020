/** Keeps one agent process alive: starts it where there is none, and again when it has died. It is never ended from here. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { runningProcess } from '../running.ts'
import type { Paths } from '../settings.ts'

const lookEveryMs = 500
/** A new agent writes itself down within this, also on a busy machine. */
const birthMs = 5_000
const longestPauseMs = 15_000

/** Begins to watch; the answer ends that, and leaves the agent running. */
export function superviseAgent(paths: Paths, log: Log): () => Promise<void> {
  const stop = new AbortController()
  const watching = watch(paths, log, stop.signal)
  return async () => {
    stop.abort()
    await watching
  }
}

async function watch(paths: Paths, log: Log, stop: AbortSignal): Promise<void> {
  let pause = birthMs
  while (!stop.aborted) {
    let wait = lookEveryMs
    try {
      if (await runningProcess(paths.agentState)) pause = birthMs
      else {
        log.info('starting the agent')
        wait = pause
        pause = Math.min(longestPauseMs, pause * 2)
        spawnAgent(paths)
      }
    } catch (error) {
      log.error({ err: error }, 'cannot see to the agent; trying again')
    }
    await systemClock.sleep(wait, stop).catch(() => {}) // Stopped: the loop ends.
  }
}

/** With the flags that this process was given: they are chosen to keep both small. */
function spawnAgent(paths: Paths): void {
  const log = openSync(paths.agentLog, 'a', 0o640)
  const program = fileURLToPath(new URL('./program.ts', import.meta.url))
  try {
    const child = spawn(process.execPath, [...process.execArgv, program, paths.data], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
    })
    child.on('error', () => {}) // Seen by its absence: it is tried again.
    child.unref()
  } finally {
    closeSync(log) // The agent has its own.
  }
}
