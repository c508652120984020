import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { descriptorOf } from '../../base/descriptor.ts'
import { Fault, systemCode } from '../../base/fault.ts'

/** The first of the process' sockets. */
export const firstFd = 3

/** The environment of a guest's process: nothing of ours. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

export interface Launch {
  readonly command: readonly string[]
  /** Where its sockets shall be: the process has them as descriptors 3, 4 … */
  readonly sockets: readonly string[]
  /** Descriptors of ours that it has after them. */
  readonly files?: readonly number[]
  /** Takes what it says. */
  readonly log: string
  /** What it has in its environment beside what every one of them has. */
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * Starts the process apart from ours: its own session, nothing of our terminal, and our end does not touch it. Its sockets
 * are open already and given to it as descriptors: one can connect at once, the answer comes when it is ready, and the
 * process needs no folder to write in.
 */
export async function launch({ command, sockets, files = [], log, environment: more }: Launch): Promise<ChildProcess> {
  const [program, ...args] = command
  if (program === undefined) throw new Fault('no command')
  const servers: Server[] = []
  for (const it of sockets) servers.push(await listen(it))
  const output = openSync(log, 'a', 0o600)
  try {
    const stdio: StdioOptions = ['ignore', output, output, ...servers.map(descriptorOf), ...files]
    const child = spawn(program, args, { detached: true, stdio, env: { ...environment, ...more }, cwd: '/' })
    child.unref()
    return child
  } finally {
    closeSync(output)
    for (const it of servers) it.close()
  }
}

/** Node removes the path that it listened at when it closes the server: hence another one, renamed. */
async function listen(path: string): Promise<Server> {
  const server = createServer()
  server.listen(`${path}.new`)
  await once(server, 'listening')
  await rename(`${path}.new`, path)
  return server
}

/** Rejects with what the process said when it ends, or did not start; never resolves. */
export function failureOf(child: ChildProcess, log: string): Promise<never> {
  const failure = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(new Fault(`QEMU did not start: ${cause.message}`, { cause })))
    child.once('exit', (code, signal) => reject(new Fault(`QEMU ended (${signal ?? code}): ${lastWords(log)}`)))
  })
  failure.catch(() => {}) // Whoever races with it is told; a process that ends later is seen otherwise.
  return failure
}

/** The end of what it said. A process that ends later than its folder has nobody to tell. */
function lastWords(log: string): string {
  try {
    return readFileSync(log, 'utf8').slice(-2000).trim() || 'it said nothing'
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'nothing is left of it'
    throw error
  }
}
