import { isSix } from '../../../base/ipv6.ts'
import type { KernelState, Link } from './kernel-state.ts'
import { routeProtocol } from './kernel-state.ts'

/** Taps are a group of links: the kernel removes a group at once, and links one by one with a grace period each. */
export const tapGroup = 1

/** What a router's namespace should hold. Everything else of these kinds that is found there goes. */
export interface Wanted {
  readonly taps: readonly Tap[]
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly Neighbour[]
  readonly rules: readonly Rule[]
}

export interface Tap {
  readonly name: string
  readonly alias: string
  readonly mac: string
  readonly mtu: number
  readonly owner: number
}

export interface Address {
  readonly dev: string
  readonly address: string
}

/** Neighbours never expire, and nobody asks for them. One on the overlay also says at which host its MAC is. */
export interface Neighbour {
  readonly dev: string
  readonly address: string
  readonly mac: string
}

export type Route =
  | {
      readonly kind: 'unicast'
      readonly to: string
      readonly dev: string
      readonly via?: string
      /** Absent: the main one. */
      readonly table?: number
    }
  | { readonly kind: 'unreachable' | 'blackhole'; readonly to: string; readonly table?: number }

/** Which table is looked into, in the order of priorities; of packets with that mark, or of all. IPv6 has rules of its own. */
export interface Rule {
  readonly six?: true
  readonly priority: number
  readonly mark?: number
  readonly table: number | 'main'
}

/** Rules of this driver are between those that the kernel makes itself, at 0 and from 32766 on. */
export function isOurPriority(priority: number): boolean {
  return priority > 0 && priority < 32766
}

/** Lines for `ip -batch` and `bridge -batch`: first `prepare` (bridge), then `ip`, `ip6` (`ip -6`), and `finish` (bridge). */
export interface Changes {
  readonly prepare: readonly string[]
  readonly ip: readonly string[]
  readonly ip6: readonly string[]
  readonly finish: readonly string[]
}

/**
 * The lines that lead from `actual` to `wanted`; none where all is right. They may stop anywhere: what remains is found
 * the next time. A forwarding entry is made before the neighbour that needs it and goes after it, so a neighbour vouches
 * for its entry; `up` comes last in a tap's life, so a tap that is up vouches for what cannot be read back.
 */
export function linkChanges(actual: KernelState, wanted: Wanted): Changes {
  const doomed = doomedTaps(actual, wanted.taps)
  const rest = withoutDevices(actual, doomed)
  const neighbours = compare(rest.neighbours, wanted.neighbours, neighbourText)
  // A host has one MAC for both versions of IP, and one underlay address, of IPv4.
  const onOverlay = (it: Neighbour) => it.dev === 'overlay' && !isSix(it.address)
  return {
    prepare: neighbours.missing.filter(onOverlay).map((it) => `fdb replace ${forwardingText(it)}`),
    ip: [
      ...[...doomed].map((it) => `link del dev ${it}`),
      ...wanted.taps.flatMap((it) => tapLines(rest.links.get(it.name), it)),
      ...addressAndRouteLines(rest, wanted, neighbours),
    ],
    ip6: ruleLines(actual, wanted, true),
    finish: neighbours.surplus
      .filter((it) => onOverlay(it) && !wanted.neighbours.some((other) => onOverlay(other) && other.mac === it.mac))
      .map((it) => `fdb del ${forwardingText(it)}`),
  }
}

function addressAndRouteLines(actual: KernelState, wanted: Wanted, neighbours: Comparison<Neighbour>): string[] {
  const addresses = compare(actual.addresses, wanted.addresses, addressText)
  const routes = compare(actual.routes, wanted.routes, routeText)
  const keys = new Set(wanted.routes.map(routeKey))
  const neighbourKeys = new Set(wanted.neighbours.map(neighbourKey))
  return [
    ...addresses.missing.map((it) => `addr add ${addressText(it)}`),
    ...neighbours.missing.map((it) => `neigh replace ${neighbourText(it)} nud permanent`),
    ...routes.missing.map((it) => `route replace ${routeText(it)} proto ${routeProtocol}`),
    ...ruleLines(actual, wanted, false),
    ...routes.surplus.filter((it) => !keys.has(routeKey(it))).map((it) => `route del ${routeKey(it)}`),
    ...neighbours.surplus
      .filter((it) => !neighbourKeys.has(neighbourKey(it)))
      .map((it) => `neigh del ${neighbourKey(it)}`),
    ...addresses.surplus.map((it) => `addr del ${addressText(it)}`),
  ]
}

function ruleLines(actual: KernelState, wanted: Wanted, six: boolean): string[] {
  const of = (rules: readonly Rule[]) => rules.filter((it) => (it.six ?? false) === six)
  const { missing, surplus } = compare(of(actual.rules), of(wanted.rules), ruleText)
  return [...missing.map((it) => `rule add ${ruleText(it)}`), ...surplus.map((it) => `rule del ${ruleText(it)}`)]
}

/** Taps that nobody wants, and those with another owner or MAC: both are for life. */
function doomedTaps(actual: KernelState, taps: readonly Tap[]): Set<string> {
  const wanted = new Map(taps.map((it) => [it.name, it]))
  const isRight = (it: Link) => wanted.get(it.name)?.owner === it.owner && wanted.get(it.name)?.mac === it.mac
  const found = [...actual.links.values()].filter((it) => it.owner !== undefined)
  return new Set(found.filter((it) => !isRight(it)).map((it) => it.name))
}

function tapLines(link: Link | undefined, tap: Tap): string[] {
  const right = link && link.alias === tap.alias && link.mtu === tap.mtu && link.up
  if (right) return []
  return [
    ...(link ? [] : newTapLines(tap)),
    // Proxy ARP answers after a random time of up to 0.8 s otherwise. Source: arp(7), proxy_delay.
    `ntable change name arp_cache dev ${tap.name} proxy_delay 0`,
    `link set dev ${tap.name} group ${tapGroup} alias ${tap.alias} mtu ${tap.mtu} up`,
  ]
}

/** The kernel forgets all neighbours of a link whose MAC is set, even to what it was: so that is done once. */
function newTapLines({ name, owner, mac }: Tap): string[] {
  return [`tuntap add dev ${name} mode tap user ${owner}`, `link set dev ${name} address ${mac}`]
}

function withoutDevices(state: KernelState, doomed: ReadonlySet<string>): KernelState {
  const stays = (it: { readonly dev?: string }) => it.dev === undefined || !doomed.has(it.dev)
  return {
    links: new Map([...state.links].filter(([name]) => !doomed.has(name))),
    addresses: state.addresses.filter(stays),
    routes: state.routes.filter((it) => it.kind !== 'unicast' || stays(it)),
    neighbours: state.neighbours.filter(stays),
    rules: state.rules,
    six: state.six,
  }
}

interface Comparison<T> {
  readonly missing: readonly T[]
  readonly surplus: readonly T[]
}

function compare<T>(actual: readonly T[], wanted: readonly T[], text: (it: T) => string): Comparison<T> {
  const have = new Set(actual.map(text))
  const want = new Set(wanted.map(text))
  return {
    missing: wanted.filter((it) => !have.has(text(it))),
    surplus: actual.filter((it) => !want.has(text(it))),
  }
}

/**
 * The metadata address is nobody's source but its own: `scope host` keeps it out of the errors that a router sends. A
 * gateway of IPv6 has the length of its subnet's prefix, as dnsmasq wants it, and no route to all of that.
 */
function addressText(it: Address): string {
  const isGateway6 = isSix(it.address) && !it.address.startsWith('fe80:')
  const how = it.address.startsWith('169.254.') ? ' scope host' : isGateway6 ? ' noprefixroute' : ''
  return `${it.address} dev ${it.dev}${how}`
}

function neighbourKey(it: Neighbour): string {
  return `${it.address} dev ${it.dev}`
}

function neighbourText(it: Neighbour): string {
  return `${it.address} lladdr ${it.mac} dev ${it.dev}`
}

function forwardingText(it: Neighbour): string {
  return `${it.mac} dev overlay dst ${it.address} self permanent`
}

/** Networks without a way have the worst metric, so that a way to the same network wins. */
function routeKey(it: Route): string {
  const table = it.table === undefined ? '' : ` table ${it.table}`
  return it.kind === 'unicast' ? `${it.to}${table}` : `${it.kind} ${it.to} metric 4294967295${table}`
}

function routeText(it: Route): string {
  if (it.kind !== 'unicast') return routeKey(it)
  const via = it.via === undefined ? '' : ` via ${it.via}`
  return `${it.to}${via} dev ${it.dev}${via && ' onlink'}${it.table === undefined ? '' : ` table ${it.table}`}`
}

function ruleText({ priority, mark, table }: Rule): string {
  return `priority ${priority}${mark === undefined ? '' : ` fwmark ${mark}`} lookup ${table}`
}
