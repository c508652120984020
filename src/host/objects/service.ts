/**
 * The object store as guests of one host reach it: a listener in each router, whose connections are carried to the control plane's socket,
 * byte for byte. Who may connect the router's rules say; here each guest is held to a number of connections.
 */
import { connect, type Server as Listener, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { RouterSpec } from '../../host-api/spec.ts'
import type { VpcId } from '../../model/ids.ts'

const port = 80
/** Guess: more than clients open by themselves; AWS CLI has ten under way. */
const mostConnections = 64

export interface ObjectsParts {
  /** Opens a listening socket inside the VPC's router. */
  readonly listen: (vpc: VpcId, address: string, port: number, abort: AbortSignal) => Promise<Listener>
  /** The control plane's socket for what guests ask. */
  readonly socket: string
  readonly log: Log
}

export class ObjectsService implements Disposable {
  readonly #parts: ObjectsParts
  readonly #listeners = new Map<VpcId, Listener>()
  readonly #open = new Map<string, Set<Socket>>()
  #guests: ReadonlySet<string> = new Set()

  constructor(parts: ObjectsParts) {
    this.#parts = parts
  }

  /** From now on, these guests have a way to the store: called with every new spec. Connections of others end. */
  know(routers: readonly RouterSpec[]): void {
    const guests = routers.flatMap(({ vpc, vifs, objects }) => {
      const able = new Set(objects?.vifs)
      const addresses = vifs
        .filter((it) => able.has(it.id))
        .flatMap((it) => [it.address, ...(it.secondaryAddresses ?? [])])
      return addresses.map((it) => `${vpc} ${it}`)
    })
    this.#guests = new Set(guests)
    for (const [guest, sockets] of this.#open) if (!this.#guests.has(guest)) for (const it of sockets) it.destroy()
  }

  /** Listens in the VPC's router, which must be there, if one of its guests has a way to the store; else no more. */
  async serve({ vpc, objects }: RouterSpec, abort: AbortSignal): Promise<void> {
    if (!objects) return this.withdraw(vpc)
    if (this.#listeners.has(vpc)) return
    const listener = await this.#parts.listen(vpc, objects.address, port, abort)
    listener.on('connection', (socket) => this.#carry(vpc, socket))
    this.#listeners.set(vpc, listener)
  }

  /** Stops listening there. */
  withdraw(vpc: VpcId): void {
    this.#listeners.get(vpc)?.close()
    this.#listeners.delete(vpc)
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners.values()) listener.close()
    for (const sockets of this.#open.values()) for (const it of sockets) it.destroy()
  }

  #carry(vpc: VpcId, socket: Socket): void {
    const guest = `${vpc} ${(socket.remoteAddress ?? '').replace(/^::ffff:/, '')}`
    const sockets = this.#open.get(guest) ?? new Set()
    if (!this.#guests.has(guest) || sockets.size >= mostConnections) return void socket.destroy()
    this.#open.set(guest, sockets.add(socket))
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) this.#open.delete(guest)
    })
    pipeline(socket, connect(this.#parts.socket), socket, (error) => {
      if (error) this.#parts.log.debug({ guest, reason: messageOf(error) }, 'a connection to the object store broke')
    })
  }
}
