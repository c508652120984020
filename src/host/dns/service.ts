/** The name server of one host: sockets in each router, and who is told which names. */
import type { Socket as UdpSocket } from 'node:dgram'
import type { Server as Listener } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { DnsSpec } from '../../host-api/dns.ts'
import type { HostSpec, RouterSpec } from '../../host-api/spec.ts'
import type { VpcId } from '../../model/ids.ts'
import type { AskOthers } from './resolvers.ts'
import { type Audience, DnsServer } from './server.ts'

export const dnsPort = 53

export interface DnsSockets {
  readonly tcp: readonly Listener[]
  readonly udp: readonly UdpSocket[]
}

export interface DnsParts {
  /** Opens sockets inside the VPC's router: one of each protocol at each address. */
  readonly bind: (vpc: VpcId, addresses: readonly string[], port: number, abort: AbortSignal) => Promise<DnsSockets>
  readonly askOthers: AskOthers
  readonly clock: Clock
  readonly log: Log
}

interface Open {
  readonly servers: readonly string[]
  readonly audience: Audience
  readonly sockets: DnsSockets
}

export class DnsService implements Disposable {
  readonly #parts: DnsParts
  readonly #server: DnsServer
  readonly #open = new Map<VpcId, Open>()
  #outside: DnsSpec | undefined
  #known: ReadonlyMap<VpcId, { readonly spec: DnsSpec; readonly guests: ReadonlySet<string> }> = new Map()

  constructor(parts: DnsParts) {
    this.#parts = parts
    this.#server = new DnsServer(parts)
  }

  /** From now on, these are the guests and what they are told: called with every new spec, before its routers are made. */
  know({ routers, edge }: HostSpec): void {
    const known = routers.flatMap(({ vpc, vifs, dns }) => {
      const guests = new Set(vifs.flatMap((it) => [it.address, ...(it.secondaryAddresses ?? [])]))
      return dns ? [[vpc, { spec: dns, guests }] as const] : []
    })
    this.#known = new Map(known)
    this.#outside = edge?.dns
  }

  /** Tells whoever asks at these sockets what those outside are told, where this host is the edge. They are the caller's. */
  serveOutside({ tcp, udp }: DnsSockets): void {
    const audience: Audience = { name: 'outside', specFor: () => this.#outside }
    for (const it of udp) this.#server.serveUdp(audience, it)
    for (const it of tcp) this.#server.serveTcp(audience, it)
  }

  /** Listens where this router's guests ask, and nowhere else in it. The router must be there. */
  async serve({ vpc, dns }: RouterSpec, abort: AbortSignal): Promise<void> {
    const servers = dns?.servers ?? []
    const open = this.#open.get(vpc)
    if (open && open.servers.join() === servers.join()) return
    this.withdraw(vpc)
    if (servers.length === 0) return
    const audience: Audience = {
      name: vpc,
      askOthers: this.#parts.askOthers,
      specFor: (address) => {
        const known = this.#known.get(vpc)
        return known?.guests.has(address) ? known.spec : undefined
      },
    }
    const sockets = await this.#parts.bind(vpc, servers, dnsPort, abort)
    for (const it of sockets.udp) this.#server.serveUdp(audience, it)
    for (const it of sockets.tcp) this.#server.serveTcp(audience, it)
    this.#open.set(vpc, { servers, audience, sockets })
  }

  /** Stops listening there: the router is about to go. */
  withdraw(vpc: VpcId): void {
    const open = this.#open.get(vpc)
    if (!open) return
    this.#open.delete(vpc)
    closeAll(open.sockets)
    this.#server.forget(open.audience)
  }

  [Symbol.dispose](): void {
    for (const vpc of [...this.#open.keys()]) this.withdraw(vpc)
    this.#server[Symbol.dispose]()
  }
}

function closeAll({ tcp, udp }: DnsSockets): void {
  for (const it of tcp) it.close()
  for (const it of udp) it.close()
}
