/** The machine that was measured on, without its name. */
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { messageOf } from '../../src/base/fault.ts'
import { run } from '../../src/base/subprocess.ts'

export interface Machine {
  readonly system: string
  readonly kernel: string
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly qemu: string
  /** Load of the last minute when the run began: what else went on. */
  readonly loadBefore: number
}

export async function describeMachine(): Promise<Machine> {
  return {
    system: await system(),
    kernel: release(),
    processor: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    qemu: await qemu(),
    loadBefore: Number((await readFile('/proc/loadavg', 'utf8')).split(' ')[0]),
  }
}

async function system(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '') // Not every system has it.
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? process.platform
}

async function qemu(): Promise<string> {
  try {
    const said = await run('qemu-system-x86_64', ['--version'])
    return /version (\S+)/.exec(said)?.[1] ?? said.trim()
  } catch (error) {
    return `none: ${messageOf(error)}`
  }
}

export interface Memory {
  readonly rssMiB: number
  /** Pages shared with others count in part. */
  readonly pssMiB: number
  readonly privateMiB: number
}

/** Source: proc(5), /proc/PID/smaps_rollup. */
export async function memoryOf(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { rssMiB: mib('Rss'), pssMiB: mib('Pss'), privateMiB: mib('Private_Clean') + mib('Private_Dirty') }
}

/** Milliseconds of processor that a process has used. Source: proc(5), /proc/PID/stat, utime and stime, in ticks of 10 ms. */
export async function processorMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The most that a process has had in memory since it began. Source: proc(5), /proc/PID/status, VmHWM. */
export async function mostResidentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024
}
