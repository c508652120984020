/**
 * Starts programs by way of a shell of one megabyte. Starting one takes a copy of the process that does it, page by page: from a Node
 * that knows hundreds of guests ten times as long as from a small one, and nothing else is done meanwhile.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { Fault, systemCode } from './fault.ts'
import { type RunOptions, SubprocessError } from './subprocess.ts'

type Options = Pick<RunOptions, 'stdin' | 'abort' | 'timeoutMs'>

/** As `run` does, for programs that are started often and while somebody waits. */
export function runQuickly(command: string, args: readonly string[], options: Options = {}): Promise<string> {
  return launcher.run([command, ...args], options)
}

/** Not in an argument: it parts them. */
const separator = '\x1f'

/**
 * Each line that it reads is a number and an argument list; what they read and write is in files of that number. It says each
 * program's process id, and how it ended. Without us it ends too, after what it has started. Arguments are data: nothing of them is
 * ever read as shell.
 */
const script = `
dir=$1
IFS=$2
set -f
while read -r line; do
  set -- $line
  id=$1
  shift
  {
    "$@" <"$dir/$id.in" >"$dir/$id.out" 2>"$dir/$id.err" &
    echo "started $id $!"
    wait "$!"
    echo "ended $id $?"
  } &
done
wait
rm -rf -- "$dir"
`

interface Running {
  pid: number | undefined
  /** It may be so before it has begun. */
  isUnwanted: boolean
  ended(code: number | null): void
}

interface Shell {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly directory: string
  readonly running: Map<number, Running>
}

export class Launcher {
  #shell: Shell | undefined
  #last = 0

  /** The process id of the shell, if there is one. */
  get pid(): number | undefined {
    return this.#shell?.process.pid
  }

  async run(argv: readonly string[], { stdin = '', abort, timeoutMs = 60_000 }: Options): Promise<string> {
    const bad = argv.find((it) => it === '' || it.includes(separator) || it.includes('\n'))
    if (bad !== undefined) throw new Fault(`not an argument that can be passed on: ${JSON.stringify(bad)}`)
    if (abort?.aborted) throw new SubprocessError(argv, null, 'aborted', { cause: abort.reason })
    const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(abort ? [abort] : [])])
    const shell = this.#open()
    const id = ++this.#last
    const file = (what: 'in' | 'out' | 'err') => join(shell.directory, `${id}.${what}`)
    writeFileSync(file('in'), stdin)
    const ended = this.#ended(shell, id, limit)
    shell.process.stdin.write(`${[id, ...argv].join(separator)}\n`)
    const code = await ended
    const [out, err] = [takeText(file('out')), takeText(file('err'))]
    rmSync(file('in'), { force: true })
    if (limit.aborted && code === null) throw new SubprocessError(argv, null, 'aborted', { cause: limit.reason })
    if (code !== 0) throw new SubprocessError(argv, code, err)
    return out
  }

  /** Its exit code; null where it was killed, or nobody knows. */
  async #ended(shell: Shell, id: number, limit: AbortSignal): Promise<number | null> {
    const { promise, resolve } = Promise.withResolvers<number | null>()
    const running: Running = { pid: undefined, isUnwanted: false, ended: resolve }
    shell.running.set(id, running)
    const kill = () => {
      running.isUnwanted = true
      if (running.pid !== undefined) end(running.pid)
    }
    limit.addEventListener('abort', kill, { once: true })
    hold(shell, true)
    try {
      return await promise
    } finally {
      limit.removeEventListener('abort', kill)
      shell.running.delete(id)
      if (shell.running.size === 0) hold(shell, false)
    }
  }

  #open(): Shell {
    if (this.#shell) return this.#shell
    const directory = mkdtempSync(join(tmpdir(), 'launcher-'))
    // A group of its own: what a terminal ends is ended by us, in order.
    const args = ['-c', script, 'launcher', directory, separator]
    const process = spawn('sh', args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
    const shell: Shell = { process, directory, running: new Map() }
    this.#shell = shell
    createInterface(process.stdout).on('line', (line) => hear(shell, line))
    process.stdin.on('error', () => {}) // It has ended: what was asked of it is told so.
    process.once('exit', () => this.#leave(shell))
    const gone = () => {
      this.#leave(shell)
      lose(shell)
    }
    process.once('error', gone).once('close', gone)
    return shell
  }

  /** Asks nothing more of it; what it has begun may still be heard of. */
  #leave(shell: Shell): void {
    if (this.#shell === shell) this.#shell = undefined
  }
}

function hear({ running }: Shell, line: string): void {
  const [what, id, value] = line.split(' ')
  const it = running.get(Number(id))
  if (what === 'started' && it) {
    it.pid = Number(value)
    if (it.isUnwanted) end(it.pid)
  }
  if (what === 'ended') it?.ended(isSignal(Number(value)) ? null : Number(value))
}

function lose({ directory, running }: Shell): void {
  rmSync(directory, { recursive: true, force: true })
  for (const it of running.values()) it.ended(null)
}

/** Our own process may end while nothing runs. */
function hold({ process }: Shell, on: boolean): void {
  const pipes = [process.stdin, process.stdout] as unknown as { ref(): void; unref(): void }[] // They are sockets.
  for (const it of [process, ...pipes]) on ? it.ref() : it.unref()
}

const launcher = new Launcher()

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error // It has just ended.
  }
}

function takeText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // The shell went before it made one.
  } finally {
    rmSync(file, { force: true })
  }
}

/** How shells say that a signal ended a program. Source: POSIX, Shell Command Language, 2.8.2; Linux has 64 signals. */
function isSignal(status: number): boolean {
  return status > 128 && status <= 128 + 64
}
