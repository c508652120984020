import { run } from '../../../../base/subprocess.ts'
import { Heirs } from '../../../heirs.ts'
import { lower, raise } from '../../box/box.ts'
import { type BoxConfig, edgePlace, hostPlace, usualBox } from '../../box/layout.ts'
import type { TapPoint } from '../../driver.ts'
import { LinuxNetwork } from '../driver.ts'
import { Guest, Place } from './guest.ts'

/** A box of two hosts with a name of its own, the drivers of both, and guests that go when it goes. */
export class World implements AsyncDisposable {
  readonly box: BoxConfig
  readonly #stack = new AsyncDisposableStack()

  private constructor(box: BoxConfig) {
    this.box = box
    const machine = box.machine === 'off' ? undefined : box.machine.namespace
    if (machine !== undefined) this.#stack.defer(async () => void (await run('ip', ['netns', 'delete', machine])))
    this.#stack.defer(async () => await lower(box.cloud, never, machine))
  }

  static async raise(changes: Partial<BoxConfig> = {}): Promise<World> {
    const cloud = `t${Math.random().toString(36).slice(2, 10)}`
    const world = new World(usualBox(cloud, ['h1', 'h2'], { machine: 'off', ...changes }))
    await raise(world.box, never)
    return world
  }

  /** A new namespace that stands for the machine: give its name to `raise`. */
  static async newMachine(): Promise<string> {
    const namespace = `machine${Math.random().toString(36).slice(2, 10)}`
    await run('ip', ['netns', 'add', namespace])
    return namespace
  }

  /** The namespace that stands for the machine. */
  machine(): Place {
    return new Place((this.box.machine !== 'off' && this.box.machine.namespace) || '')
  }

  /** Another driver of the host: what a new process would have. The first host is the edge. */
  driver(host: 'h1' | 'h2', heirs = new Heirs()): LinuxNetwork {
    const { cloud } = this.box
    const edge = host === 'h1' ? { edge: edgePlace(this.box) } : {}
    return new LinuxNetwork({ cloud, host, underlay: hostPlace(this.box, host), ...edge, heirs })
  }

  async guest(point: TapPoint, mac: string): Promise<Guest> {
    return this.#stack.use(await Guest.plugIn(point, mac))
  }

  /** A guest whose end the caller sees to. */
  async passingGuest(point: TapPoint, mac: string): Promise<Guest> {
    return await Guest.plugIn(point, mac)
  }

  /** Runs a command in one of the box's namespaces, `internet` for example. */
  async run(place: string, argv: readonly string[]): Promise<string> {
    return await this.place(place).run(argv)
  }

  /** One of the box's namespaces, as a place to run things in. */
  place(name: string): Place {
    return new Place(`${this.box.cloud}-${name}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

/** A signal that never fires. */
export const never = new AbortController().signal
