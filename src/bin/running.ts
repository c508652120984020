/** Which processes of this cloud run, by what they wrote down of themselves. */
import { readFile, writeFile } from 'node:fs/promises'
import { systemClock } from '../base/clock.ts'
import { systemCode } from '../base/fault.ts'
import { isAlive, startTicksOf } from '../base/process.ts'

export interface ProcessState {
  readonly pid: number
  readonly startTicks?: string
  readonly startedAt: string
  readonly endpoint?: string
}

/** Writes down that this process is the one. */
export async function recordProcess(file: string, more: { endpoint?: string } = {}): Promise<void> {
  const startTicks = await startTicksOf(process.pid)
  const state: ProcessState = {
    pid: process.pid,
    ...(startTicks !== undefined && { startTicks }),
    startedAt: systemClock.now().toISOString(),
    ...more,
  }
  await writeFile(file, JSON.stringify(state))
}

/** The process that was written down in `file`, if it still lives. */
export async function runningProcess(file: string): Promise<ProcessState | undefined> {
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as ProcessState
    return (await isAlive(state.pid, state.startTicks)) ? state : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined // Not there, or half written: not running.
    throw error
  }
}

/** Asks the process to end, and waits until it has; ends it by force after `graceMs`. */
export async function endProcess(state: ProcessState, graceMs: number, abort: AbortSignal): Promise<void> {
  const deadline = systemClock.now().getTime() + graceMs
  process.kill(state.pid, 'SIGTERM')
  while (await isAlive(state.pid, state.startTicks)) {
    if (systemClock.now().getTime() > deadline) process.kill(state.pid, 'SIGKILL')
    await systemClock.sleep(50, abort)
  }
}
