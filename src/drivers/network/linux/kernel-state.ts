import ipaddr from 'ipaddr.js'
import { inside, type Namespace } from '../../../base/network-namespace.ts'
import { attributesOf, Rtnetlink, textOf } from './kernel/netlink.ts'
import {
  AF,
  FRA,
  IFA,
  IFF_UP,
  IFLA,
  LINK_INFO,
  MAIN_TABLE,
  NDA,
  NUD_PERMANENT,
  ROUTE_KIND,
  RTA,
  RTM,
  TUN_OWNER,
  VXLAN,
} from './kernel/rtnetlink-numbers.ts'
import { type Address, isOurPriority, type Neighbour, type Route, type Rule } from './links.ts'

/** What a namespace holds: links by name, and the addresses, routes and neighbours that can be ours. */
export interface KernelState {
  readonly links: ReadonlyMap<string, Link>
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly Neighbour[]
  readonly rules: readonly Rule[]
  /** It knows IPv6. */
  readonly six: boolean
}

export interface Link {
  readonly name: string
  readonly alias: string
  readonly mac: string
  readonly mtu: number
  readonly up: boolean
  /** Taps: numeric id of the user who may open it. */
  readonly owner?: number
  /** VXLAN devices. */
  readonly vxlan?: { readonly vni: number; readonly local: string }
}

/** Routes of this driver bear this number, and it touches no others. Guess: unassigned in iproute2's rt_protos. */
export const routeProtocol = 199

/** Reads what the namespace holds, at once. Source: rtnetlink(7). */
export function readKernelState(namespace: Namespace): KernelState {
  return inside(namespace, () => {
    using route = new Rtnetlink()
    const family = Buffer.alloc(16) // `struct ifinfomsg`, the longest of their headers: of all families.
    const links = new Map(route.dump(RTM.getLink, family).map((it) => [it.readInt32LE(4), linkOf(it)]))
    const nameOf = (index: number | undefined) => links.get(index ?? 0)?.name ?? ''
    const addresses = route.dump(RTM.getAddress, family).map((it) => addressOf(it, nameOf))
    return {
      links: new Map([...links.values()].map((it) => [it.name, it])),
      addresses: addresses.filter(({ address }) => !address.startsWith('127.') && address !== '::1/128'),
      routes: route.dump(RTM.getRoute, family).flatMap((it) => routeOf(it, nameOf)),
      neighbours: route.dump(RTM.getNeighbour, family).flatMap((it) => neighbourOf(it, nameOf)),
      rules: route.dump(RTM.getRule, family).flatMap(ruleOf),
      six: addresses.some(({ address }) => address === '::1/128'),
    }
  })
}

type NameOf = (index: number | undefined) => string

/** Behind `struct ifinfomsg`. */
function linkOf(payload: Buffer): Link {
  const attributes = attributesOf(payload, 16)
  const info = attributesOf(attributes.get(IFLA.linkInfo) ?? none)
  const kind = textOf(info.get(LINK_INFO.kind) ?? none)
  const data = attributesOf(info.get(LINK_INFO.data) ?? none)
  const owner = kind === 'tun' ? data.get(TUN_OWNER)?.readUInt32LE() : undefined
  const local = kind === 'vxlan' ? data.get(VXLAN.local) : undefined
  return {
    name: textOf(attributes.get(IFLA.name) ?? none),
    alias: textOf(attributes.get(IFLA.alias) ?? none),
    mac: macText(attributes.get(IFLA.address) ?? none),
    mtu: attributes.get(IFLA.mtu)?.readUInt32LE() ?? 0,
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    ...(owner !== undefined && { owner }),
    ...(local && { vxlan: { vni: data.get(VXLAN.id)?.readUInt32LE() ?? 0, local: addressText(local) } }),
  }
}

/** Behind `struct ifaddrmsg`. IPv6 has no address of its own beside that of the link. */
function addressOf(payload: Buffer, nameOf: NameOf): Address {
  const attributes = attributesOf(payload, 8)
  const address = attributes.get(IFA.local) ?? attributes.get(IFA.address) ?? none
  return { dev: nameOf(payload.readInt32LE(4)), address: `${addressText(address)}/${payload.readUInt8(1)}` }
}

/** Behind `struct rtmsg`. */
function routeOf(payload: Buffer, nameOf: NameOf): Route[] {
  if (payload.readUInt8(5) !== routeProtocol) return []
  const attributes = attributesOf(payload, 12)
  const everything = payload.readUInt8(0) === AF.inet6 ? '::' : '0.0.0.0'
  const destination = attributes.get(RTA.destination)
  const to = `${destination ? addressText(destination) : everything}/${payload.readUInt8(1)}`
  const number = attributes.get(RTA.table)?.readUInt32LE() ?? payload.readUInt8(4)
  const table = number === MAIN_TABLE ? {} : { table: number }
  const kind = payload.readUInt8(7)
  if (kind === ROUTE_KIND.unreachable) return [{ to, kind: 'unreachable', ...table }]
  if (kind === ROUTE_KIND.blackhole) return [{ to, kind: 'blackhole', ...table }]
  const via = attributes.get(RTA.gateway)
  const dev = nameOf(attributes.get(RTA.device)?.readInt32LE())
  return [{ to, kind: 'unicast', dev, ...(via && { via: addressText(via) }), ...table }]
}

/** Behind `struct ndmsg`. */
function neighbourOf(payload: Buffer, nameOf: NameOf): Neighbour[] {
  if ((payload.readUInt16LE(8) & NUD_PERMANENT) === 0) return []
  const attributes = attributesOf(payload, 12)
  const address = addressText(attributes.get(NDA.destination) ?? none)
  return [{ dev: nameOf(payload.readInt32LE(4)), address, mac: macText(attributes.get(NDA.linkAddress) ?? none) }]
}

/** Behind `struct fib_rule_hdr`. */
function ruleOf(payload: Buffer): Rule[] {
  const attributes = attributesOf(payload, 12)
  const priority = attributes.get(FRA.priority)?.readUInt32LE() ?? 0
  if (!isOurPriority(priority)) return []
  const mark = attributes.get(FRA.mark)?.readUInt32LE()
  const table = attributes.get(FRA.table)?.readUInt32LE() ?? payload.readUInt8(4)
  return [
    {
      ...(payload.readUInt8(0) === AF.inet6 && { six: true }),
      priority,
      ...(mark !== undefined && { mark }),
      table: table === MAIN_TABLE ? 'main' : table,
    },
  ]
}

const none = Buffer.alloc(0)

/** As RFC 5952 has it. */
function addressText(bytes: Buffer): string {
  const it = ipaddr.fromByteArray([...bytes])
  return it.kind() === 'ipv6' ? (it as ipaddr.IPv6).toRFC5952String() : it.toString()
}

function macText(bytes: Buffer): string {
  return [...bytes].map((it) => it.toString(16).padStart(2, '0')).join(':')
}
