/** What a guest may try that is root in itself: each in the name of what it is not. */
import type { DropReason } from '../../../../host-api/drops.ts'
import { linkLocal } from '../ipv6.ts'

interface Who {
  readonly mac: string
  readonly address: string
  readonly address6: string
}

export interface Attempt {
  readonly what: string
  /** For frames.py, where it is not what an honest guest sends. */
  readonly frame: Readonly<Record<string, unknown>>
  readonly reason: DropReason
  /** Whether it is IPv6, of which a router without it takes no notice. */
  readonly isIpv6: boolean
}

/** What `own` may try against `other`, a guest of the same VPC, and against those who trust the gateway. */
export function attemptsOf({ own, other, gateway, resolver }: Surroundings): Attempt[] {
  const all = 'ff02::1'
  const attempt =
    (isIpv6: boolean) =>
    ([what, frame, reason]: readonly [string, Attempt['frame'], DropReason]): Attempt => ({
      ...{ what, frame, reason, isIpv6 },
    })
  const four = [
    ['the address of another', { kind: 'ip', address: other.address }, 'source'],
    ['an address of nobody', { kind: 'ip', address: '198.51.100.1' }, 'source'],
    ['the address of the gateway', { kind: 'ip', address: gateway }, 'source'],
    ['the MAC of another', { kind: 'ip', mac: other.mac }, 'source'],
    ['a fragment in the name of another', { kind: 'fragment', address: other.address }, 'source'],
    ['a last fragment in the name of another', { kind: 'last-fragment', address: other.address }, 'source'],
    ['metadata for another', { kind: 'udp', address: other.address, to: '169.254.169.254', port: 80 }, 'source'],
    ['DNS for another', { kind: 'udp', address: other.address, to: resolver, port: 53 }, 'source'],
    ['a gratuitous ARP for another', { kind: 'arp', claim: other.address }, 'arp'],
    ['ARP for the gateway', { kind: 'arp', claim: gateway }, 'arp'],
    ['an answer of a DHCP server', { kind: 'dhcp-answer' }, 'dhcp'],
    ['a DHCP request for another', { kind: 'dhcp-request', chaddr: other.mac }, 'dhcp'],
    ['a source route', { kind: 'source-route' }, 'options'],
    ['a record of the route', { kind: 'record-route' }, 'options'],
    ['a router alert', { kind: 'router-alert' }, 'options'],
    ['a port of the router', { kind: 'udp', to: gateway, port: 111 }, 'router'],
    ['a VLAN tag', { kind: 'vlan' }, 'link'],
    ['two VLAN tags', { kind: 'vlan-twice' }, 'link'],
    ['another protocol than IP', { kind: 'ethertype', type: '0x88cc' }, 'link'],
    ['a frame to the MAC of another', { kind: 'ip', mac_to: other.mac }, 'link'],
  ] as const
  const six = [
    ['the IPv6 address of another', { kind: 'ip6', address6: other.address6 }, 'source'],
    ['the link-local address of another', { kind: 'ip6', address6: linkLocal(other.mac) }, 'source'],
    ['a neighbour that is another', { kind: 'advertise-neighbour', claim6: other.address6, to6: all }, 'neighbour'],
    ['a neighbour that is the router', { kind: 'advertise-neighbour', claim6: 'fe80::1', to6: all }, 'neighbour'],
    ['a probe for the address of another', { kind: 'claim-by-probe', claim6: other.address6 }, 'neighbour'],
    ['a router', { kind: 'advertise-router', address6: linkLocal(own.mac) }, 'neighbour'],
    ['a redirect', { kind: 'redirect', claim6: '2001:db8::99', address6: linkLocal(own.mac) }, 'neighbour'],
    ['a neighbour hidden in a fragment', { kind: 'hidden-advertisement', claim6: other.address6 }, 'neighbour'],
    ['an answer of a DHCPv6 server', { kind: 'dhcp6-answer' }, 'dhcp'],
    ['hop-by-hop options', { kind: 'hop-by-hop' }, 'options'],
    ['a routing header', { kind: 'routing-header' }, 'options'],
    ['destination options', { kind: 'destination-options' }, 'options'],
  ] as const
  return [...four.map(attempt(false)), ...six.map(attempt(true))]
}

interface Surroundings {
  readonly own: Who
  readonly other: Who
  readonly gateway: string
  readonly resolver: string
}

/** What `own` says where it says nothing wrong: in its own name, to `other`. */
export function honestly(own: Who, other: Who): Record<string, unknown> {
  return { mac: own.mac, address: own.address, address6: own.address6, to: other.address, to6: other.address6 }
}
