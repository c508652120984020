import { spawn } from 'node:child_process'
import { Fault } from './fault.ts'

export interface RunOptions {
  stdin?: string | Buffer
  abort?: AbortSignal
  /** Ends the process (SIGKILL) after this long. Default 60,000. */
  timeoutMs?: number
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Is given what a command that succeeded wrote to standard error. */
  warnings?: (text: string) => void
  /** Is given what it writes to standard error, as it comes. */
  hear?: (text: string) => void
  /** Ends the process when it has written more than this in all: what it says is kept in memory. Default: no limit. */
  mostBytes?: number
}

/** A command that ended with another status than 0, or did not start. */
export class SubprocessError extends Fault {
  readonly command: readonly string[]
  readonly exitCode: number | null
  readonly stderr: string

  constructor(command: readonly string[], exitCode: number | null, stderr: string, options?: ErrorOptions) {
    super(
      `${command.join(' ')}: ${exitCode === null ? 'did not finish' : `exit ${exitCode}`}: ${stderr.trim()}`,
      options,
    )
    this.name = 'SubprocessError'
    this.command = command
    this.exitCode = exitCode
    this.stderr = stderr
  }
}

/** Runs a command from an argument list, never through a shell; its standard output as text. Throws `SubprocessError`. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.abort && { signal: options.abort }),
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let written = 0
    const count = (chunk: Buffer) => {
      written += chunk.length
      if (written > (options.mostBytes ?? Number.POSITIVE_INFINITY)) child.kill('SIGKILL')
    }
    child.stdout.on('data', (chunk: Buffer) => {
      out.push(chunk)
      count(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err.push(chunk)
      count(chunk)
      options.hear?.(chunk.toString('utf8'))
    })
    child.once('error', (cause) => reject(new SubprocessError([command, ...args], null, cause.message, { cause })))
    child.once('close', (code) => {
      const said = Buffer.concat(err).toString('utf8')
      if (code !== 0) return reject(new SubprocessError([command, ...args], code, said))
      options.warnings?.(said)
      resolve(Buffer.concat(out).toString('utf8'))
    })
    child.stdin.on('error', () => {}) // The process may end before it reads; its status tells.
    child.stdin.end(options.stdin)
  })
}
