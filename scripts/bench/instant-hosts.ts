/** Hosts that do at once what they are told, by saying so: what is left is the control plane's own work. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type JsonLines, jsonLines } from '../../src/base/json-lines.ts'
import { withChange } from '../../src/host-api/change.ts'
import type { DomainFact, HostFacts } from '../../src/host-api/facts.ts'
import { type FromAgent, protocolVersion, type ToAgent } from '../../src/host-api/messages.ts'
import type { DomainSpec, HostSpec } from '../../src/host-api/spec.ts'
import type { VolumesFact, VolumesSpec } from '../../src/host-api/volumes.ts'

const capacity = { memoryMiB: 2 ** 30, cores: 1024, diskGiB: 2 ** 20, accelerator: 'none' } as const

/** The same for all, so that hosts in another process would say the same. */
const startedAt = new Date(0).toISOString()

export class InstantHosts implements Disposable {
  readonly #socket: Socket
  readonly #lines: JsonLines<FromAgent>
  readonly #domains = new Map<string, DomainFact>()
  readonly #specs = new Map<string, HostSpec>()
  /** What each said last that it found. */
  readonly #found = new Map<string, string>()
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

  /** How many hosts know what they shall be. */
  get told(): number {
    return this.#specs.size
  }

  #take(message: ToAgent): void {
    if (message.type === 'spec') this.#follow(message.spec)
    else if (message.type === 'change') this.#follow(withChange(this.#specs.get(message.change.host), message.change))
    else this.#lines.send({ type: 'answer', to: message.id, ok: true, value: '' })
  }

  #follow(spec: HostSpec): void {
    this.#specs.set(spec.host, spec)
    const { domains, volumes, ...progress } = this.#factsOf(spec)
    const found = JSON.stringify([domains, volumes])
    const isSame = this.#found.get(spec.host) === found
    this.#found.set(spec.host, found)
    const facts = { ...progress, domains, ...(volumes && { volumes }) }
    this.#lines.send(isSame ? { type: 'progress', progress } : { type: 'facts', facts })
  }

  #factsOf({ host, generation, domains, volumes }: HostSpec): HostFacts {
    const facts = domains.flatMap((it) => this.#carryOut(it) ?? [])
    const served = volumes && { volumes: servedOf(volumes) }
    return { host, received: generation, settled: generation, domains: facts, troubles: [], ...served }
  }

  #carryOut({ id, power, plugs = [], vifs }: DomainSpec): DomainFact | undefined {
    const before = this.#domains.get(id)
    if (power === 'off' && !before) return undefined // Nothing that never ran is off.
    const plugged = plugs.map(({ volume, sizeMiB }) => ({ volume, sizeMiB }))
    const inside = { vifs: vifs.map((it) => it.id), plugged }
    const now =
      power === 'on' ? ({ state: 'running', ...inside } as const) : ({ state: 'off', cause: 'button' } as const)
    const after = { id, startedAt, reboots: 0, ...now } as const
    this.#domains.set(id, after)
    return after
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

function servedOf({ volumes, snapshots }: VolumesSpec): VolumesFact {
  return {
    volumes: volumes.map(({ id, sizeMiB, domains, limits }) => ({
      ...{ id, sizeMiB, domains, limits, state: 'ready', frozen: [] },
    })),
    snapshots: snapshots.map(({ id }) => ({ id, state: 'complete', progress: 100, bytes: 0 })),
  }
}
