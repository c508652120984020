import { Fault } from '../../src/base/fault.ts'
import { Child } from './child.ts'
import type { Job, Load, Told } from './load.ts'

/** The client process of the measurements. */
export class Client implements AsyncDisposable {
  readonly #child = new Child<Job, Told>('load.ts')

  async send(job: Job): Promise<Load> {
    const told = await this.#child.ask(job)
    if (!told.ok) throw new Fault(told.message)
    return told.load
  }

  /** The answer's body to one request. */
  async once(port: number, request: string): Promise<string> {
    return (await this.send({ port, connections: 1, requests: [request], most: 1, mostMs: 60_000 })).body
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]()
  }
}
