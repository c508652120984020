import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { Fault } from '../../../base/fault.ts'
import { dropReasons, type VifDrops } from '../../../host-api/drops.ts'
import type { EdgeSpec, RouterSpec } from '../../../host-api/spec.ts'
import type { InterfaceId, VpcId } from '../../../model/ids.ts'
import type { BoundSockets, NetworkDriver, RouterStatus, TapPoint } from '../driver.ts'

/** What is left when a driver's process ends. Give it to the next driver, and that finds the routers of the first. */
export interface FakeNetworkWorld {
  readonly routers: Map<VpcId, RouterSpec>
  edge: EdgeSpec | undefined
}

export function fakeNetworkWorld(): FakeNetworkWorld {
  return { routers: new Map(), edge: undefined }
}

/** Keeps what it is told and carries no packets. Servers listen on loopback, at a port of their own choice. */
export class FakeNetwork implements NetworkDriver {
  readonly world: FakeNetworkWorld

  constructor(world: FakeNetworkWorld = fakeNetworkWorld()) {
    this.world = world
  }

  async program(spec: RouterSpec, abort: AbortSignal, pluggable = () => {}): Promise<void> {
    abort.throwIfAborted()
    this.world.routers.set(spec.vpc, spec)
    pluggable()
  }

  async remove(vpc: VpcId, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    this.world.routers.delete(vpc)
  }

  async programEdge(spec: EdgeSpec, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    this.world.edge = spec
  }

  async list(abort: AbortSignal): Promise<RouterStatus[]> {
    abort.throwIfAborted()
    return [...this.world.routers.values()].map(({ vpc, vifs }) => ({ vpc, vifs: vifs.map((it) => it.id) }))
  }

  /** Guests of this driver send nothing. */
  async drops(abort: AbortSignal): Promise<VifDrops[]> {
    abort.throwIfAborted()
    return [...this.world.routers.values()].flatMap(({ vpc, vifs }) =>
      vifs.flatMap(({ id: vif }) => dropReasons.map((reason) => ({ vpc, vif, reason, packets: 0 }))),
    )
  }

  tapOf(vpc: VpcId, vif: InterfaceId): TapPoint {
    return { namespace: `fake-${vpc}`, tap: `fake-${vif}` }
  }

  async listen(vpc: VpcId, _address: string, _port: number, abort: AbortSignal): Promise<Server> {
    abort.throwIfAborted()
    if (!this.world.routers.has(vpc)) throw new Fault(`no router of ${vpc}`)
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening', { signal: abort })
    return server
  }

  async bind(vpc: VpcId, addresses: readonly string[], port: number, abort: AbortSignal): Promise<BoundSockets> {
    const tcp = await Promise.all(addresses.map((it) => this.listen(vpc, it, port, abort)))
    const udp = addresses.map(() => createSocket('udp4').bind(0, '127.0.0.1'))
    await Promise.all(udp.map((it) => once(it, 'listening', { signal: abort })))
    return { tcp, udp }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
