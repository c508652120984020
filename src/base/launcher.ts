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

type Shell = ChildProcessByStdio<Writable, Readable, null>

export class Launcher {
  #shell: { readonly process: Shell; readonly directory: string } | undefined
  readonly #running = new Map<number, Running>()
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
    const { process: shell, directory } = this.#open()
    const id = ++this.#last
    const file = (what: 'in' | 'out' | 'err') => join(directory, `${id}.${what}`)
    writeFileSync(file('in'), stdin)
    const code = await this.#ended(id, limit, () => shell.stdin.write(`${[id, ...argv].join(separator)}\n`))
    const [out, err] = [takeText(file('out')), takeText(file('err'))]
    rmSync(file('in'), { force: true })
    if (limit.aborted && code === null) throw new SubprocessError(argv, null, 'aborted', { cause: limit.reason })
    if (code !== 0) throw new SubprocessError(argv, code, err)
    return out
  }

  /** Its exit code; null where it was killed, or nobody knows. */
  async #ended(id: number, limit: AbortSignal, begin: () => void): Promise<number | null> {
    const { promise, resolve } = Promise.withResolvers<number | null>()
    const running: Running = { pid: undefined, isUnwanted: false, ended: resolve }
    this.#running.set(id, running)
    const kill = () => {
      running.isUnwanted = true
      if (running.pid !== undefined) end(running.pid)
    }
    limit.addEventListener('abort', kill, { once: true })
    this.#hold(true)
    begin()
    try {
      return await promise
    } finally {
      limit.removeEventListener('abort', kill)
      this.#running.delete(id)
      if (this.#running.size === 0) this.#hold(false)
    }
  }

  #open(): { readonly process: Shell; readonly directory: string } {
    if (this.#shell) return this.#shell
    const directory = mkdtempSync(join(tmpdir(), 'launcher-'))
    // A group of its own: what a terminal ends is ended by us, in order.
    const args = ['-c', script, 'launcher', directory, separator]
    const shell: Shell = spawn('sh', args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
    const opened = { process: shell, directory }
    this.#shell = opened
    createInterface(shell.stdout).on('line', (line) => this.#hear(line))
    shell.stdin.on('error', () => {}) // It has ended: what was asked of it is told so.
    const gone = () => this.#lose(opened)
    shell.once('error', gone).once('close', gone)
    return opened
  }

  #hear(line: string): void {
    const [what, id, value] = line.split(' ')
    const running = this.#running.get(Number(id))
    if (what === 'started' && running) {
      running.pid = Number(value)
      if (running.isUnwanted) end(running.pid)
    }
    if (what === 'ended') running?.ended(isSignal(Number(value)) ? null : Number(value))
  }

  #lose(shell: { readonly directory: string }): void {
    if (this.#shell === shell) this.#shell = undefined
    rmSync(shell.directory, { recursive: true, force: true })
    for (const it of this.#running.values()) it.ended(null)
  }

  /** Our own process may end while nothing runs. */
  #hold(on: boolean): void {
    const shell = this.#shell?.process
    if (!shell) return
    const pipes = [shell.stdin, shell.stdout] as unknown as { ref(): void; unref(): void }[] // They are sockets.
    for (const it of [shell, ...pipes]) on ? it.ref() : it.unref()
  }
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
