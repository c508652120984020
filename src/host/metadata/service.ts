/** The metadata service of one host: a listener in each router, and who is behind which address. */
import type { Server as Listener } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { RouterSpec } from '../../host-api/spec.ts'
import type { InterfaceId, VpcId } from '../../model/ids.ts'
import type { Guest } from './answer.ts'
import { MetadataServer } from './server.ts'
import type { Tokens } from './tokens.ts'
import type { GuestTurns } from './turns.ts'

/** Source: EC2 User Guide, "Instance metadata". */
const address = '169.254.169.254'
const port = 80

export interface MetadataParts {
  /** Opens a listening socket inside the VPC's router. */
  readonly listen: (vpc: VpcId, address: string, port: number, abort: AbortSignal) => Promise<Listener>
  readonly tokens: Tokens
  readonly turns?: GuestTurns
  readonly clock: Clock
  readonly log: Log
}

export class MetadataService implements Disposable {
  readonly #listen: MetadataParts['listen']
  readonly #server: MetadataServer
  readonly #listeners = new Map<VpcId, Listener>()
  #guests: ReadonlyMap<string, Guest> = new Map()
  readonly #turns: GuestTurns | undefined
  /** Those that are waited for to ask something. */
  readonly #awaited = new Map<InterfaceId, PromiseWithResolvers<void>>()

  constructor({ listen, tokens, turns, clock, log }: MetadataParts) {
    this.#listen = listen
    this.#turns = turns
    this.#server = new MetadataServer({
      guestAt: (vpc, from) => this.#hear(this.#guests.get(`${vpc} ${from}`)),
      tokens,
      turns,
      clock,
      log,
    })
  }

  /** From now on, these are the guests: called with every new spec, before its routers are made. */
  know(routers: readonly RouterSpec[]): void {
    const guests = routers.flatMap(({ vpc, vifs }) =>
      vifs.flatMap(({ id, metadata, address, secondaryAddresses = [] }) =>
        [address, ...secondaryAddresses].map((it) => [`${vpc} ${it}`, { id, metadata }] as const),
      ),
    )
    const there = new Set(guests.map(([, { id }]) => id))
    for (const { id } of this.#guests.values()) if (!there.has(id)) this.#forget(id)
    this.#guests = new Map(guests)
  }

  #forget(vif: InterfaceId): void {
    this.#awaited.delete(vif)
    this.#turns?.end(vif)
  }

  /** The guest behind this vif is about to start. Resolves once it asks for something: then it is up. */
  heardFrom(vif: InterfaceId): Promise<void> {
    this.#turns?.expect(vif)
    const awaited = this.#awaited.get(vif) ?? Promise.withResolvers<void>()
    this.#awaited.set(vif, awaited)
    return awaited.promise
  }

  #hear(guest: Guest | undefined): Guest | undefined {
    if (!guest) return undefined
    this.#awaited.get(guest.id)?.resolve()
    this.#awaited.delete(guest.id)
    return guest
  }

  /** Listens in the VPC's router, which must be there. Does nothing if it does already. */
  async serve(vpc: VpcId, abort: AbortSignal): Promise<void> {
    if (this.#listeners.has(vpc)) return
    const listener = await this.#listen(vpc, address, port, abort)
    this.#listeners.set(vpc, listener)
    this.#server.serve(vpc, listener)
  }

  /** Stops listening there: the router is about to go. */
  withdraw(vpc: VpcId): void {
    this.#listeners.get(vpc)?.close()
    this.#listeners.delete(vpc)
    this.#server.withdraw(vpc)
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners.values()) listener.close()
    this.#server[Symbol.dispose]()
  }
}
