/** Hosts that do at once what they are told, by saying so: what is left is the control plane's own work. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type JsonLines, jsonLines } from '../../src/base/json-lines.ts'
import { withChange } from '../../src/host-api/change.ts'
import type { DomainFact, HostFacts } from '../../src/host-api/facts.ts'
import { type FromAgent, protocolVersion, type ToAgent } from '../../src/host-api/messages.ts'
import type { DomainSpec, HostSpec } from '../../src/host-api/spec.ts'

const capacity = { memoryMiB: 2 ** 30, cores: 1024, diskGiB: 2 ** 20, accelerator: 'none' } as const

export class InstantHosts implements Disposable {
  readonly #socket: Socket
  readonly #lines: JsonLines<FromAgent>
  readonly #domains = new Map<string, DomainFact>()
  readonly #specs = new Map<string, HostSpec>()
  /** Bytes that came down since the last look. */
  received = 0

  static async dial(socketPath: string, hosts: readonly string[]): Promise<InstantHosts> {
    const socket = connect(socketPath)
    await once(socket, 'connect')
    return new InstantHosts(socket, hosts)
  }

  private constructor(socket: Socket, hosts: readonly string[]) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length
    })
    this.#lines = jsonLines<ToAgent, FromAgent>(socket, { receive: (it) => this.#take(it), closed: () => {} })
    this.#lines.send({ type: 'hello', version: protocolVersion, hosts: hosts.map((host) => ({ host, capacity })) })
  }

  #take(message: ToAgent): void {
    if (message.type === 'spec') this.#follow(message.spec)
    else if (message.type === 'change') this.#follow(withChange(this.#specs.get(message.change.host), message.change))
    else this.#lines.send({ type: 'answer', to: message.id, ok: true, value: '' })
  }

  #follow(spec: HostSpec): void {
    this.#specs.set(spec.host, spec)
    this.#lines.send({ type: 'facts', facts: this.#factsOf(spec) })
  }

  #factsOf({ host, generation, domains }: HostSpec): HostFacts {
    const facts = domains.map((it) => this.#carryOut(it))
    return { host, received: generation, settled: generation, domains: facts, troubles: [] }
  }

  #carryOut({ id, power }: DomainSpec): DomainFact {
    const before = this.#domains.get(id) ?? { id, state: 'running', startedAt: new Date().toISOString(), reboots: 0 }
    const after: DomainFact = power === 'on' ? before : { ...before, state: 'off', cause: 'button' }
    this.#domains.set(id, after)
    return after
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
