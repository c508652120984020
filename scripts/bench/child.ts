/** Programs of the measurements: started with an IPC channel, asked by a message, answering with one. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Fault } from '../../src/base/fault.ts'

const root = join(import.meta.dirname, '..', '..')

export interface ChildOptions {
  readonly arguments?: readonly string[]
  /** Node's own. */
  readonly flags?: readonly string[]
  /** Where a CPU profile is to be put when it ends. */
  readonly profileTo?: string | undefined
}

export class Child<Question extends string | object, Answer> implements AsyncDisposable {
  readonly #process: ChildProcess

  /** Starts `file` of this folder. */
  constructor(file: string, { arguments: args = [], flags = [], profileTo }: ChildOptions = {}) {
    const profile = profileTo === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileTo]
    this.#process = fork(join(import.meta.dirname, file), args, {
      execArgv: ['--no-warnings', ...flags, ...profile],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: { NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'), ...process.env },
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** The next message that it sends. Throws when it ends instead. */
  async hear(): Promise<Answer> {
    const ended = new AbortController()
    const end = once(this.#process, 'exit', { signal: ended.signal }).then(([code]) => {
      throw new Fault(`a program of the measurement ended with ${code}`)
    })
    end.catch(() => {}) // Not heard of where the message comes first.
    try {
      const [answer] = (await Promise.race([once(this.#process, 'message', { signal: ended.signal }), end])) as [Answer]
      return answer
    } finally {
      ended.abort()
    }
  }

  ask(question: Question): Promise<Answer> {
    const answer = this.hear()
    this.#process.send(question)
    return answer
  }

  /** Lets it end by itself when it can, so that a profile is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    const patience = setTimeout(() => this.#process.kill('SIGKILL'), 10_000)
    await exit
    clearTimeout(patience)
  }
}
