/** A shell in a guest, over SSH from a namespace that reaches it. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type RunOptions, run } from '../../src/base/subprocess.ts'
import { sshOptions } from '../../test/e2e/cloud.ts'
import { now } from './stages.ts'

export interface GuestShell {
  readonly namespace: string
  readonly key: string
  readonly address: string
}

/** Runs a command in the guest; what it wrote. */
export function inGuest(shell: GuestShell, command: string, options: RunOptions = {}): Promise<string> {
  const [program, ...args] = sshCommand(shell, command)
  return run(program, args, { timeoutMs: 300_000, ...options })
}

/**
 * Runs a command in the guest that says `ready`, and some time later another line. Resolves once it is ready; `said` to when the other
 * line was here.
 */
export async function whenSaid(shell: GuestShell, command: string): Promise<{ readonly said: Promise<number> }> {
  const [program, ...args] = sshCommand(shell, command)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => {
    const { done, value } = await lines.next()
    if (done) throw new Error(`the guest hung up: ${command}`)
    return String(value)
  }
  if ((await next()) !== 'ready') throw new Error(`the guest is not ready: ${command}`)
  const said = next().then(now)
  said.catch(() => {}) // Whoever waits for it is told.
  return { said }
}

function sshCommand({ namespace, key, address }: GuestShell, command: string): [string, ...string[]] {
  return ['nsenter', `--net=/run/netns/${namespace}`, 'ssh', ...sshOptions, '-i', key, `root@${address}`, command]
}
