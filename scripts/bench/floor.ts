import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Behaviour } from './bare-server.ts'
import { Child } from './child.ts'

type BareServer = Child<Behaviour, { port: number } | { set: number }>

/** A bare HTTP server in a process of its own, with a directory for what it writes. */
export class Floor implements AsyncDisposable {
  readonly port: number
  readonly #child: BareServer
  readonly #opened: AsyncDisposableStack

  static async open(): Promise<Floor> {
    await using opened = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'cumulet-bench-floor-'))
    opened.defer(() => rm(folder, { recursive: true, force: true }))
    const child: BareServer = opened.use(new Child('bare-server.ts', { arguments: [folder] }))
    const told = await child.hear()
    return new Floor(child, 'port' in told ? told.port : 0, opened.move())
  }

  private constructor(child: BareServer, port: number, opened: AsyncDisposableStack) {
    this.port = port
    this.#child = child
    this.#opened = opened
  }

  get pid(): number {
    return this.#child.pid
  }

  /** From now on every request is answered so. */
  async behave(behaviour: Behaviour): Promise<void> {
    await this.#child.ask(behaviour)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync()
  }
}
