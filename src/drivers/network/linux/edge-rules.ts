import { createHash } from 'node:crypto'
import { isSix } from '../../../base/ipv6.ts'
import type { EdgeNetworkSpec, NatSpec } from '../../../host-api/spec.ts'
import { aclChains, boundaryChains } from './acl-rules.ts'
import { disjoint6 } from './ipv6.ts'
import { natWireName } from './names.ts'
import { type Chain, emptyTable, type NamedSet, type Ruleset, type Table } from './ruleset.ts'
import { sourceMap } from './table-rules.ts'

type Pair = EdgeNetworkSpec['addresses'][number]

/**
 * The rules of a VPC's router at the edge: one public address for each private one, both ways, errors included.
 *
 * Conntrack would keep a translated connection alive after its address went to somebody else, and as long as its packets
 * keep coming. So each pair of addresses has its own conntrack zone, which follows from the two: when an address moves,
 * the next packet finds itself in another zone, where nothing is known of it.
 */
export function edgeRules(spec: EdgeNetworkSpec): Ruleset {
  const pairs = spec.addresses.toSorted((a, b) => (a.publicAddress < b.publicAddress ? -1 : 1))
  const boundaries = natBoundaries(spec)
  const sets = {
    ...{ ...translations(pairs), ...zones(pairs), ...natSets(spec.nats), sources: sourceMap(spec.tables) },
    ...boundaries.sets,
  }
  const six = spec.cidrs.some(isSix)
  return {
    'ip edge': { sets, chains: { ...chains, zone: zoneChain(spec.nats), ...boundaries.chains } },
    'ip6 edge': six ? table6(spec) : emptyTable,
  }
}

/** Addresses of IPv6 are the same inside and outside. Those of `outward` networks may begin a conversation, and are not begun with. */
function table6({ ipv6 = { open: [], outward: [] } }: EdgeNetworkSpec): Table {
  const networks = (cidrs: readonly string[]): NamedSet => ({
    ...{ kind: 'set', type: 'type ipv6_addr; flags interval;', elements: disjoint6(cidrs) },
  })
  return {
    sets: { open: networks(ipv6.open), outward: networks([...ipv6.open, ...ipv6.outward]) },
    chains: {
      forward: {
        hook: 'type filter hook forward priority 0; policy drop;',
        rules: [
          'ct state invalid drop',
          'ct state related accept',
          'iifname "overlay" oifname "outside" ip6 saddr @outward accept',
          'iifname "outside" oifname "overlay" ip6 daddr @open accept',
          'iifname "outside" oifname "overlay" ct direction reply ct state established ip6 daddr @outward accept',
        ],
      },
      input: {
        hook: 'type filter hook input priority 0; policy drop;',
        rules: ['iifname "lo" accept', 'ct state related accept'],
      },
    },
  }
}

/** The conntrack zone of a pair: 16 bits of its digest, not 0. */
export function zoneOf({ publicAddress, privateAddress }: Pair): number {
  const digest = createHash('sha256').update(`${publicAddress} ${privateAddress}`).digest()
  return digest.readUInt16BE() || 1
}

function translations(pairs: readonly Pair[]): Record<string, NamedSet> {
  return {
    inward: named(
      'type ipv4_addr : ipv4_addr;',
      pairs.map((it) => `${it.publicAddress} : ${it.privateAddress}`),
    ),
    outward: named(
      'type ipv4_addr : ipv4_addr;',
      pairs.map((it) => `${it.privateAddress} : ${it.publicAddress}`),
    ),
    private: {
      kind: 'set',
      type: 'type ipv4_addr;',
      elements: pairs.map((it) => it.privateAddress),
    },
  }
}

function zones(pairs: readonly Pair[]): Record<string, NamedSet> {
  return {
    'inward-zone': named(
      'typeof ip daddr : ct zone;',
      pairs.map((it) => `${it.publicAddress} : ${zoneOf(it)}`),
    ),
    'outward-zone': named(
      'typeof ip saddr : ct zone;',
      pairs.map((it) => `${it.privateAddress} : ${zoneOf(it)}`),
    ),
    'error-zone': named(
      'typeof @th,192,32 : ct zone;',
      pairs.map((it) => `${hexadecimal(it.privateAddress)} : ${zoneOf(it)}`),
    ),
  }
}

/** An error about a packet to a guest, sent by some router on the way: the guest's address is in what it quotes. */
const errorZone =
  'icmp type { destination-unreachable, time-exceeded, parameter-problem } ct zone set @th,192,32 map @error-zone'

const chains: Readonly<Record<string, Chain>> = {
  'own-errors': {
    hook: 'type filter hook output priority -300; policy accept;',
    rules: [errorZone],
  },
  inward: {
    hook: 'type nat hook prerouting priority -100; policy accept;',
    rules: ['iifname "outside" dnat to ip daddr map @inward'],
  },
  outward: {
    hook: 'type nat hook postrouting priority 100; policy accept;',
    rules: ['oifname "outside" snat to ip saddr map @outward', 'snat to oifname map @nat-address'],
  },
  // What comes in is translated by now, what goes out not yet: both show the private address.
  forward: {
    hook: 'type filter hook forward priority 0; policy drop;',
    rules: [
      'ct state invalid drop',
      'ct state related accept',
      'iifname "outside" oifname "overlay" ct status snat,dnat ip daddr @private accept',
      'iifname "overlay" oifname "outside" ip saddr @private accept',
      'iifname "overlay" oifname @nat accept',
      'iifname @nat oifname "overlay" ct direction reply ct state established accept',
    ],
  },
  input: {
    hook: 'type filter hook input priority 0; policy drop;',
    rules: ['iifname "lo" accept', 'ct state related accept'],
  },
}

/** A NAT is known by its wire: routes choose the wire, and the wire the address and the conntrack zone. */
function natSets(nats: readonly NatSpec[]): Record<string, NamedSet> {
  const wires = nats.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((it) => ({ ...it, wire: natWireName(it.id) }))
  return {
    nat: { kind: 'set', type: 'type ifname;', elements: wires.map((it) => `"${it.wire}"`) },
    'nat-address': named(
      'type ifname : ipv4_addr;',
      wires.map((it) => `"${it.wire}" : ${it.publicAddress}`),
    ),
  }
}

/**
 * What goes through a NAT passes the boundary of the NAT's subnet four times, each by itself: from the guest in and to the
 * world outside out, and the answers likewise. The last of these and the first two show the guest's own address and port where
 * packets are forwarded, whatever is translated later; an answer comes in to a port of the NAT, so it is looked at before
 * conntrack knows whose it is. A guest in the subnet of its NAT is within it, and passes it half as often.
 * Source: VPC User Guide, "NAT gateways", "Control network traffic"; "Network ACL rules", ephemeral ports.
 */
function natBoundaries({ nats, acls = [] }: EdgeNetworkSpec): Pick<Table, 'sets' | 'chains'> {
  const guarded = nats.flatMap(({ id, boundary }) => (boundary ? [{ id, wire: natWireName(id), boundary }] : []))
  if (guarded.length === 0) return { sets: {}, chains: {} }
  const byWire = (direction: string) =>
    named(
      'type ifname : verdict;',
      guarded.map((it) => `"${it.wire}" : jump ${it.id}-${direction}`),
    )
  const four = acls.map((it) => ({ ...it, rules: it.rules.filter((rule) => !isSix(rule.cidr)) }))
  return {
    sets: { 'nat-ingress': byWire('ingress'), 'nat-egress': byWire('egress') },
    chains: {
      'nat-answers': {
        hook: 'type filter hook prerouting priority -290; policy accept;',
        rules: ['iifname vmap @nat-ingress'],
      },
      'nat-boundary': {
        hook: 'type filter hook forward priority -10; policy accept;',
        rules: ['oifname vmap @nat-ingress', 'oifname vmap @nat-egress', 'iifname vmap @nat-egress'],
      },
      ...Object.assign({}, ...guarded.map((it) => boundaryChains(it.id, it.boundary))),
      ...aclChains(four),
    },
  }
}

/** A packet's own pair of addresses chooses its zone, unless its way is a NAT's wire: out by a route, or in. */
function zoneChain(nats: readonly NatSpec[]): Chain {
  const byNat = nats.flatMap((it) => {
    const zone = zoneOf({ publicAddress: it.publicAddress, privateAddress: it.id })
    const wire = natWireName(it.id)
    return [
      `iifname "${wire}" ct zone set ${zone}`,
      `iifname "overlay" fib daddr . mark oifname "${wire}" ct zone set ${zone}`,
    ]
  })
  return {
    hook: 'type filter hook prerouting priority -300; policy accept;',
    rules: [
      'iifname "overlay" meta mark set ip saddr map @sources',
      ...byNat, // The first zone that is set stays.
      'iifname "outside" ct zone set ip daddr map @inward-zone',
      'iifname "overlay" ct zone set ip saddr map @outward-zone',
      `iifname "overlay" ip saddr != @private ${errorZone}`,
    ],
  }
}

function named(type: string, elements: readonly string[]): NamedSet {
  return { kind: 'map', type, elements }
}

function hexadecimal(address: string): string {
  const bytes = address.split('.').map((it) => Number(it).toString(16).padStart(2, '0'))
  return `0x${bytes.join('')}`
}
