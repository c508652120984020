import { readFileSync } from 'node:fs'
import type { Clock } from './clock.ts'
import { systemCode } from './fault.ts'

/** A process that is not mistaken for another one that got its number later: not within this boot, nor after the next. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since boot. */
  readonly startTicks: string
  readonly bootId: string
}

/**
 * Who has this number now; nobody if the process has ended, even where its parent has not asked how. One whose first thread has ended
 * before others has not: those have its files, and their locks, until they are gone too.
 */
export function identify(pid: number): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return answers(pid) ? { pid, startTicks: '', bootId: '' } : undefined
  const stat = readOf(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The name before it may contain spaces and parentheses. Source: proc_pid_stat(5): state is field 3, num_threads 20, starttime 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, threads, startTicks] = [fields[0], Number(fields[17]), fields[19]]
  if (startTicks === undefined || (state === 'Z' && threads <= 1) || state === 'X') return undefined
  return { pid, startTicks, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() }
}

export function isAlive(process: ProcessIdentity): boolean {
  const now = identify(process.pid)
  return now?.startTicks === process.startTicks && now.bootId === process.bootId
}

/** Resolves once the process has ended, whoever's child it is: true; or after `timeoutMs`: false. */
export async function hasEnded(
  process: ProcessIdentity,
  { clock, timeoutMs, abort }: { clock: Clock; timeoutMs: number; abort?: AbortSignal },
): Promise<boolean> {
  const stepMs = 2
  for (let waited = 0; isAlive(process); waited += stepMs) {
    if (waited >= timeoutMs) return false
    await clock.sleep(stepMs, abort)
  }
  return true
}

/** Ends the process at once, if it is still the same one. */
export function sendKill(target: ProcessIdentity): void {
  if (!isAlive(target)) return
  try {
    process.kill(target.pid, 'SIGKILL')
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error
  }
}

/** Where there is no /proc: whether some process has this number. */
function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

function readOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ESRCH') return undefined
    throw error
  }
}
