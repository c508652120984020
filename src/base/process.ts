import { readFile } from 'node:fs/promises'
import { systemCode } from './fault.ts'

/** When a process was started, in clock ticks since boot: with the pid it names one process for ever. Source: proc(5), stat. */
export async function startTicksOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ESRCH') return undefined
    throw error
  }
}

/** Whether the process lives, and is the one that was started then. Where there is no /proc, only whether the pid is in use. */
export async function isAlive(pid: number, startTicks?: string): Promise<boolean> {
  const ticks = await startTicksOf(pid)
  if (ticks !== undefined) return startTicks === undefined || ticks === startTicks
  if (process.platform === 'linux') return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false // Its absence is what was asked for.
  }
}
