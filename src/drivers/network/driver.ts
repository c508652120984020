import type { Socket as UdpSocket } from 'node:dgram'
import type { Server } from 'node:net'
import type { VifDrops } from '../../host-api/drops.ts'
import type { EdgeSpec, RouterSpec } from '../../host-api/spec.ts'
import type { InterfaceId, VpcId } from '../../model/ids.ts'

/** The network of one host: a router for each VPC, and the edge where this host is it. All of it outlives the process. */
export interface NetworkDriver {
  /**
   * Makes the VPC's router be exactly `spec`: namespace, taps, addresses, DHCP, anti-spoofing, groups, routes. What is
   * missing is made, what is too much is removed, what is right is not touched; rules change in one transaction. A vif
   * is never reachable before its rules are in force. Safe to repeat, and to repeat after dying in the middle. `pluggable`
   * is called when all but DHCP is there: a guest that is started now needs longer than that.
   */
  program(spec: RouterSpec, abort: AbortSignal, pluggable?: () => void): Promise<void>
  /** Removes the VPC's router with all its vifs. Resolves at once if there is none. */
  remove(vpc: VpcId, abort: AbortSignal): Promise<void>
  /** Makes the edge be exactly `spec`. */
  programEdge(spec: EdgeSpec, abort: AbortSignal): Promise<void>
  /** Every router this driver finds on the host, with its vifs. Says what exists, not whether its rules are the newest. */
  list(abort: AbortSignal): Promise<RouterStatus[]>
  /** What each vif's guest sent in vain since the vif was made, reason by reason; nothing is left out for being 0. */
  drops(abort: AbortSignal): Promise<VifDrops[]>
  /** Where a hypervisor plugs the vif in. The tap exists once `program` with this vif has said so. */
  tapOf(vpc: VpcId, vif: InterfaceId): TapPoint
  /**
   * A TCP server on an address of the VPC's router, which exists once `program` has resolved. Connections are accepted in
   * this process and begin to arrive at once: attach to `connection` before anything else is awaited. The peer's address
   * says which guest it is, since no guest can send with another's. Ends with the process or when it is closed.
   */
  listen(vpc: VpcId, address: string, port: number, abort: AbortSignal): Promise<Server>
  /** A TCP server and a UDP socket at each of these addresses of the VPC's router, as `listen` gives them. */
  bind(vpc: VpcId, addresses: readonly string[], port: number, abort: AbortSignal): Promise<BoundSockets>
  [Symbol.asyncDispose](): Promise<void>
}

/** In the order of their addresses. */
export interface BoundSockets {
  readonly tcp: readonly Server[]
  readonly udp: readonly UdpSocket[]
}

export interface RouterStatus {
  readonly vpc: VpcId
  readonly vifs: readonly InterfaceId[]
}

/** A tap device in a network namespace. The domain's own user may open it: see `DomainUser`. */
export interface TapPoint {
  readonly namespace: string
  readonly tap: string
}
