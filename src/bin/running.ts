/** Which processes of this cloud run, by what they wrote down of themselves. */
import { readFile, writeFile } from 'node:fs/promises'
import { systemClock } from '../base/clock.ts'
import { systemCode } from '../base/fault.ts'
import { hasEnded, identify, isAlive, type ProcessIdentity, sendKill } from '../base/process.ts'

export interface ProcessState extends ProcessIdentity {
  readonly startedAt: string
  readonly endpoint?: string
}

/** Writes down that this process is the one. */
export async function recordProcess(file: string, more: { endpoint?: string } = {}): Promise<void> {
  const state: ProcessState = { ...identify(process.pid)!, startedAt: systemClock.now().toISOString(), ...more } // we live
  await writeFile(file, JSON.stringify(state))
}

/** The process that was written down in `file`, if it still lives. */
export async function runningProcess(file: string): Promise<ProcessState | undefined> {
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as ProcessState
    return isAlive(state) ? state : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined // Not there, or half written: not running.
    throw error
  }
}

/** Asks the process to end, and waits until it has; ends it by force after `graceMs`. */
export async function endProcess(state: ProcessState, graceMs: number, abort: AbortSignal): Promise<void> {
  try {
    process.kill(state.pid, 'SIGTERM')
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return // It ended just now.
    throw error
  }
  if (await hasEnded(state, { clock: systemClock, timeoutMs: graceMs, abort })) return
  sendKill(state)
  await hasEnded(state, { clock: systemClock, timeoutMs: graceMs, abort })
}
