import { createHash } from 'node:crypto'
import { remembered } from '../../../base/remembered.ts'
import type { RouterSpec, VifSpec } from '../../../host-api/spec.ts'
import { guestUsers } from '../../../model/domain-user.ts'
import { aclRules } from './acl-rules.ts'
import { groupChain, groupRules } from './group-rules.ts'
import { canonical6, hexadecimal6, linkLocal } from './ipv6.ts'
import { metadataAddress, peerWireName, tapName } from './names.ts'
import { addressesOfVif } from './router-links.ts'
import type { Chain, NamedSet, Ruleset, Table } from './ruleset.ts'
import { dnsInput, guestChains, objectsInput, serviceChains, serviceSets } from './service-rules.ts'
import { drop, lostChains, lostSets } from './spoof-counters.ts'
import { tableRules } from './table-rules.ts'

/**
 * The rules of a VPC's router on one host. A packet from a guest meets `guard` (is it who it says?), then either `input`
 * (DHCP, metadata and names, nothing else) or `egress` (its own groups) and `ingress` (the other's groups). All chains end in a
 * drop: a tap that no map knows is closed.
 *
 * Packets in the direction in which a connection was opened are held against the groups one by one; only answers pass
 * because they are answers. So a rule that is taken back ends the connections that it had let in, with nothing to flush.
 */
export function routerRules(spec: RouterSpec): Ruleset {
  const { vifs, cidrs, tables, subnets, wires } = spec
  const ofVifs = remembered(vifs, 'parts', [], () => partsOf(vifs))
  const routing = remembered(vifs, 'tables', [cidrs, tables, subnets, wires], () => tableRules(spec))
  return { 'inet router': ipTable(spec, ofVifs), 'arp router': ofVifs.arp, ...routing }
}

/** What follows from the vifs alone, made once for the same list: rules change more often. */
interface VifParts {
  readonly vifs: readonly Vif[]
  readonly sets: Readonly<Record<string, NamedSet>>
  readonly arp: Table
}

function partsOf(specs: readonly VifSpec[]): VifParts {
  const vifs = specs.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((vif) => ({ ...vif, tap: tapName(vif.id) }))
  return {
    vifs,
    sets: {
      ...identitySets(vifs),
      ...lostSets(
        vifs.map(({ tap }) => tap),
        'inet',
      ),
      ...dispatchMaps(vifs),
    },
    arp: arpTable(vifs),
  }
}

type Vif = VifSpec & { readonly tap: string }

function ipTable(spec: RouterSpec, { vifs, sets }: VifParts): Table {
  const groups = groupRules(spec.groups, new Set(vifs.flatMap((it) => it.groups)))
  const acls = aclRules(spec, vifs)
  const told = new Set(Object.keys(groups.chains))
  return {
    sets: {
      ...sets,
      ...throughWires(spec, sets),
      gateways: gatewaySet(spec),
      ...serviceSets(spec),
      ...groups.sets,
      ...acls.sets,
    },
    chains: {
      ...baseChains,
      ...serviceChains,
      ...guestChains(spec),
      ...lostChains('inet'),
      ...groups.chains,
      ...acls.chains,
      ...chainsOfAll(vifs, told),
      ...ttlChains(vifs),
    },
  }
}

/** By the map of the direction, after what is not the guest's own doing: answers, and errors about what it sent. */
function byGroups(map: string): string[] {
  return [
    'ct direction reply ct state established accept',
    `ct state established,new ${map}`,
    'ct state invalid drop',
    'ct state related accept',
    map,
  ]
}

/** Beyond every number of a table of routes. */
const toldAll = '0x80000000'

/**
 * Each chain, each set that is asked and each rule costs every packet time (`npm run bench -- network`), so what is usual comes first, and
 * what forwarded packets need not meet is no part of their way. Conntrack joins fragments at priority -400, so `guard` looks before
 * that: each fragment must be its sender's own.
 * `token` marks connections to the metadata service in which a guest sent something that is not a GET: their answers
 * may carry a token. Looking at the first byte leaves nothing to gain by cutting a PUT into small segments.
 */
const baseChains: Readonly<Record<string, Chain>> = {
  guard: {
    hook: 'type filter hook prerouting priority -450; policy drop;',
    rules: [
      'ip hdrlength 5 iifname . ether saddr . ip saddr @own goto from-guest',
      'iifname "lo" accept',
      'iifname "overlay" accept',
      'iifname "p*" accept',
      'meta nfproto ipv6 goto guard-ipv6',
      drop('options', 'ip hdrlength > 5'),
      'iifname . ether saddr @forwarders goto from-guest',
      drop('dhcp', 'udp sport 67 udp dport 68'),
      'iifname . ether saddr @macs ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept',
      drop('source'),
    ],
  },
  /**
   * What the router tells all on a link it hears itself, as if a guest had said it: it bears a mark, which no packet of a
   * guest has when it comes.
   *
   * What a host says of groups that it hears is not our affair, and no offence. Of extension headers only fragments pass: the
   * others serve those who want to get round rules. Neighbours may be asked for, but nobody claims an address that is not
   * its own. Source: RFC 4861, sections 4.1 to 4.5; RFC 7045 and RFC 9288 for the headers.
   */
  'guard-ipv6': {
    rules: [
      `meta mark ${toldAll} drop`,
      'icmpv6 type { 131, 132, 143 } drop',
      ...['hbh', 'rt', 'dst', 'mh'].map((it) => drop('options', `exthdr ${it} exists`)),
      drop('neighbour', 'icmpv6 type { 134, 137 }'),
      'icmpv6 type 136 iifname . ether saddr . @th,64,128 @targets accept',
      'icmpv6 type 135 ip6 saddr :: iifname . ether saddr . @th,64,128 @targets accept',
      drop('neighbour', 'icmpv6 type 136'),
      drop('neighbour', 'icmpv6 type 135 ip6 saddr ::'),
      drop('dhcp', 'udp sport 547 udp dport 546'),
      'iifname . ether saddr . ip6 saddr @own-ipv6 accept',
      'icmpv6 type 133 ip6 saddr :: iifname . ether saddr @macs accept',
      'iifname . ether saddr @forwarders accept',
      drop('source'),
    ],
  },
  token: {
    hook: 'type filter hook input priority -10; policy accept;',
    rules: [`ip daddr ${metadataAddress} tcp dport 80 @ih,0,8 != 0x47 ct mark set iifname map @hops`],
  },
  // A virtual machine's process lives here with its tap. It speaks through that alone: one that broke out has no sockets.
  broken: {
    hook: 'type filter hook output priority -160; policy accept;',
    rules: [`meta skuid ${guestUsers.first}-${guestUsers.last} drop`],
  },
  'own-multicast': {
    hook: 'type filter hook output priority -150; policy accept;',
    rules: [`ip6 daddr ff00::/8 meta mark set ${toldAll}`],
  },
  reply: {
    hook: 'type filter hook output priority -150; policy accept;',
    rules: [`ip saddr ${metadataAddress} ct mark vmap @ttl`],
  },
  input: {
    hook: 'type filter hook input priority 0; policy drop;',
    rules: [
      'iifname "lo" accept',
      'ct state related accept',
      'udp sport 68 udp dport 67 iifname . @th,288,48 @dhcp accept',
      drop('dhcp', 'udp sport 68 udp dport 67'),
      'icmpv6 type { 133, 135, 136 } accept',
      drop('source', 'iifname . ether saddr . ip saddr != @own'),
      drop('source', 'iifname . ether saddr . ip6 saddr != @own-ipv6'),
      'udp sport 546 udp dport 547 accept',
      `iifname @metadata ip daddr ${metadataAddress} tcp dport 80 accept`,
      `ip daddr ${metadataAddress} tcp dport 80 reject with tcp reset`,
      ...dnsInput,
      ...objectsInput,
      'ip daddr @gateways icmp type echo-request accept',
      'icmpv6 type echo-request accept',
      drop('router'),
    ],
  },
  egress: {
    hook: 'type filter hook forward priority 0; policy drop;',
    rules: ['icmpv6 type { 133-137 } drop', ...byGroups('iifname vmap @from')],
  },
  ingress: {
    hook: 'type filter hook forward priority 10; policy drop;',
    rules: byGroups('oifname vmap @to'),
  },
}

/** Where the router answers a ping: at what guests know of it. Its address in the underlay is none of their affair. */
function gatewaySet({ subnets, dns }: RouterSpec): NamedSet {
  const known = [metadataAddress, ...subnets.map((it) => it.gateway), ...(dns?.servers ?? [])]
  return set('ipv4_addr', [...new Set(known)].toSorted())
}

/** Who may say what: `own` addresses, `macs` for a guest that has no address yet, `forwarders` speak for others too. */
function identitySets(vifs: readonly Vif[]): Record<string, NamedSet> {
  return {
    own: set('ifname . ether_addr . ipv4_addr', vifs.flatMap(ownAddresses)),
    'own-ipv6': set(
      'ifname . ether_addr . ipv6_addr',
      vifs.flatMap((it) => ownAddresses6(it).map((address) => `${ownMac(it)} . ${canonical6(address)}`)),
    ),
    targets: {
      kind: 'set',
      type: 'typeof iifname . ether saddr . @th,64,128;',
      elements: vifs.flatMap((it) => ownAddresses6(it).map((address) => `${ownMac(it)} . ${hexadecimal6(address)}`)),
    },
    macs: set('ifname . ether_addr', vifs.map(ownMac)),
    // The hardware address that DHCP messages speak for. Source: RFC 2131, section 2.
    dhcp: {
      kind: 'set',
      type: 'typeof iifname . @th,288,48;',
      elements: vifs.map((it) => `"${it.tap}" . 0x${it.mac.replaceAll(':', '')}`),
    },
    forwarders: forwarderSet(vifs),
    metadata: set(
      'ifname',
      vifs.filter((it) => it.metadata.enabled).map((it) => `"${it.tap}"`),
    ),
  }
}

/** What comes from, or goes to, another router is not held against groups: wires beside the overlay. */
function throughWires({ wires }: RouterSpec, sets: VifParts['sets']): Record<string, NamedSet> {
  if (wires.length === 0) return {}
  const open = wires.map((it) => `"${peerWireName(it.id)}" : accept`).sort()
  const withThem = (it: NamedSet | undefined) => it && { ...it, elements: [...it.elements, ...open] }
  return { from: withThem(sets['from'])!, to: withThem(sets['to'])! } // each router has both
}

/** From a tap to what is its own, whatever the number of taps. */
function dispatchMaps(vifs: readonly Vif[]): Record<string, NamedSet> {
  const byTap = (value: (vif: Vif) => string) => vifs.map((it) => `"${it.tap}" : ${value(it)}`)
  const overlay = '"overlay" : accept'
  return {
    hops: map(
      'ifname : mark',
      byTap((it) => markOf(it.metadata.hopLimit)),
    ),
    ttl: map(
      'mark : verdict',
      hopLimits(vifs).map((it) => `${markOf(it)} : goto ttl-${it}`),
    ),
    from: map('ifname : verdict', [overlay, ...byTap((it) => `goto ${chainOfGroups(it, 'egress')}`)]),
    to: map('ifname : verdict', [overlay, ...byTap((it) => `goto ${chainOfGroups(it, 'ingress')}`)]),
  }
}

function chainsOfAll(vifs: readonly Vif[], told: ReadonlySet<string>): Record<string, Chain> {
  const alike = new Map(vifs.map((it) => [it.groups.toSorted().join(' '), it]))
  return Object.assign({}, ...[...alike.values()].map((it) => chainsOfGroups(it, told)))
}

/** What guests with these groups are let do: one chain for all that have the same groups. */
function chainsOfGroups(vif: Vif, told: ReadonlySet<string>): Record<string, Chain> {
  const jumps = (direction: 'ingress' | 'egress') =>
    vif.groups
      .map((it) => groupChain(it, direction))
      .filter((it) => told.has(it))
      .sort()
      .map((it) => `jump ${it}`)
  return {
    [chainOfGroups(vif, 'egress')]: { rules: jumps('egress') },
    [chainOfGroups(vif, 'ingress')]: { rules: jumps('ingress') },
  }
}

/** Few guests have many groups: the name of the chain is a digest of theirs. */
function chainOfGroups({ groups }: Vif, direction: 'ingress' | 'egress'): string {
  const digest = createHash('sha256').update(groups.toSorted().join(' ')).digest('hex').slice(0, 16)
  return `${direction}-${digest}`
}

/** `ip ttl` cannot be set from a map, so each hop limit in use has its chain. */
function ttlChains(vifs: readonly Vif[]): Record<string, Chain> {
  return Object.fromEntries(hopLimits(vifs).map((it) => [`ttl-${it}`, { rules: [`ip ttl set ${it}`] }]))
}

/** Guests and their router never ask each other by ARP: what they say may be anything but another's address. */
function arpTable(vifs: readonly Vif[]): Table {
  return {
    sets: {
      own: set('ifname . ether_addr . ipv4_addr', vifs.flatMap(ownAddresses)),
      macs: set('ifname . ether_addr', vifs.map(ownMac)),
      forwarders: forwarderSet(vifs),
      ...lostSets(
        vifs.map(({ tap }) => tap),
        'arp',
      ),
    },
    chains: {
      ...lostChains('arp'),
      input: {
        hook: 'type filter hook input priority 0; policy drop;',
        rules: [
          'iifname . arp saddr ether . arp saddr ip @own accept',
          'iifname . arp saddr ether @forwarders accept',
          'iifname . arp saddr ether @macs arp saddr ip 0.0.0.0 accept',
          drop('arp'),
        ],
      },
    },
  }
}

function forwarderSet(vifs: readonly Vif[]): NamedSet {
  const forwarders = vifs.filter((it) => !it.sourceDestCheck)
  return set('ifname . ether_addr', forwarders.map(ownMac))
}

function ownAddresses(vif: Vif): string[] {
  return addressesOfVif(vif).map((address) => `"${vif.tap}" . ${vif.mac} . ${address}`)
}

/** Those that it was given, and the one that it makes itself. */
function ownAddresses6({ mac, ipv6 = [] }: Vif): string[] {
  return [linkLocal(mac), ...ipv6]
}

function ownMac(vif: Vif): string {
  return `"${vif.tap}" . ${vif.mac}`
}

function hopLimits(vifs: readonly Vif[]): number[] {
  return [...new Set(vifs.map((it) => it.metadata.hopLimit))].sort((a, b) => a - b)
}

function markOf(hopLimit: number): string {
  return `0x${hopLimit.toString(16).padStart(8, '0')}`
}

function set(type: string, elements: readonly string[]): NamedSet {
  return { kind: 'set', type: `type ${type};`, elements }
}

function map(type: string, elements: readonly string[]): NamedSet {
  return { kind: 'map', type: `type ${type};`, elements }
}
