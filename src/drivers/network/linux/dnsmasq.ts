import { readdir, readFile } from 'node:fs/promises'
import { systemCode } from '../../../base/fault.ts'
import { runIn } from './namespace.ts'

/** A running dnsmasq. */
export interface Server {
  readonly pid: number
  readonly command: readonly string[]
}

/** What names a server among all processes: no other has this file among its arguments. */
export function pidFileArgument(directory: string): string {
  return `--pid-file=${directory}/pid`
}

/** The server whose pid file is in `directory`, if that process is still what it was. */
export async function findServer(directory: string): Promise<Server | undefined> {
  const pid = Number(await readIfAny(`${directory}/pid`))
  const found = pid > 1 ? await look(pid) : undefined
  return found?.command.includes(pidFileArgument(directory)) ? found : undefined
}

/**
 * Starts a server in place of all that are there for `directory`. The old ones end when the new one is ready. Starting is
 * not given up half-way: between its first process and its last, nobody would know of it.
 */
export async function startServer(namespace: string, command: readonly string[], directory: string): Promise<void> {
  const before = await serversUnder(directory)
  await runIn(namespace, command, {}) // It goes into the background by itself when it is ready.
  before.forEach(end)
}

/**
 * Ends every server whose pid file is in `directory` or below, also one that died before it could write its pid file. They
 * are killed: asked to end, a server removes its pid file, which may be its successor's by then.
 */
export async function endServers(directory: string): Promise<void> {
  for (const it of await serversUnder(directory)) end(it)
}

async function serversUnder(directory: string): Promise<Server[]> {
  const pids = (await readdir('/proc')).filter((it) => /^\d+$/.test(it)).map(Number)
  const found = await Promise.all(pids.map(look))
  const isUnder = (it: string) => it.startsWith(`--pid-file=${directory}/`)
  return found.filter((it) => it.command.includes('dnsmasq') && it.command.some(isUnder))
}

async function look(pid: number): Promise<Server> {
  return { pid, command: (await readIfAny(`/proc/${pid}/cmdline`)).split('\0').slice(0, -1) }
}

function end({ pid }: Server): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (cause) {
    if (systemCode(cause) !== 'ESRCH') throw cause
  }
}

/** The text of a file; nothing where there is none. */
export async function readIfAny(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ESRCH') return ''
    throw cause
  }
}
