import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DropReason } from '../../../host-api/drops.ts'
import type { LinuxNetwork } from './driver.ts'
import { linkLocal } from './ipv6.ts'
import type { Guest } from './testing/guest.ts'
import { Capture, drops, Forger } from './testing/probes.ts'
import { everythingOut, groupSpec, router, vif, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

/** Both guests are open to everything: what does not arrive was stopped because of what it pretended. */
const vifs = [vif(1, { ipv6: ['2001:db8::10'] }), vif(2, { ipv6: ['2001:db8::11'] })]
const [own, other] = vifs as [(typeof vifs)[0], (typeof vifs)[0]]
const everythingIn = [
  { direction: 'ingress', protocol: 'all', peer: { cidr: '0.0.0.0/0' } },
  { direction: 'ingress', protocol: 'all', peer: { cidr: '::/0' } },
  { direction: 'egress', protocol: 'all', peer: { cidr: '::/0' } },
] as const

const honest = {
  mac: own.mac,
  address: own.address,
  address6: '2001:db8::10',
  to: other.address,
  to6: '2001:db8::11',
}
const gateway = '172.31.0.1'
const all = 'ff02::1'

type Attempt = readonly [what: string, frame: Record<string, unknown>, reason: DropReason]

const attempts: readonly Attempt[] = [
  ['the address of another', { kind: 'ip', address: other.address }, 'source'],
  ['an address of nobody', { kind: 'ip', address: '198.51.100.1' }, 'source'],
  ['the address of the gateway', { kind: 'ip', address: gateway }, 'source'],
  ['the MAC of another', { kind: 'ip', mac: other.mac }, 'source'],
  ['the IPv6 address of another', { kind: 'ip6', address6: '2001:db8::11' }, 'source'],
  ['the link-local address of another', { kind: 'ip6', address6: linkLocal(other.mac) }, 'source'],
  ['a fragment in the name of another', { kind: 'fragment', address: other.address }, 'source'],
  ['a last fragment in the name of another', { kind: 'last-fragment', address: other.address }, 'source'],
  ['metadata for another', { kind: 'udp', address: other.address, to: '169.254.169.254', port: 80 }, 'source'],
  ['DNS for another', { kind: 'udp', address: other.address, to: '172.31.0.2', port: 53 }, 'source'],
  ['a gratuitous ARP for another', { kind: 'arp', claim: other.address }, 'arp'],
  ['ARP for the gateway', { kind: 'arp', claim: gateway }, 'arp'],
  ['a neighbour that is another', { kind: 'advertise-neighbour', claim6: '2001:db8::11', to6: all }, 'neighbour'],
  ['a neighbour that is the router', { kind: 'advertise-neighbour', claim6: 'fe80::1', to6: all }, 'neighbour'],
  ['a probe for the address of another', { kind: 'claim-by-probe', claim6: '2001:db8::11' }, 'neighbour'],
  ['a router', { kind: 'advertise-router', address6: linkLocal(own.mac) }, 'neighbour'],
  ['a redirect', { kind: 'redirect', claim6: '2001:db8::99', address6: linkLocal(own.mac) }, 'neighbour'],
  ['a neighbour hidden in a fragment', { kind: 'hidden-advertisement', claim6: '2001:db8::11' }, 'neighbour'],
  ['an answer of a DHCP server', { kind: 'dhcp-answer' }, 'dhcp'],
  ['a DHCP request for another', { kind: 'dhcp-request', chaddr: other.mac }, 'dhcp'],
  ['an answer of a DHCPv6 server', { kind: 'dhcp6-answer' }, 'dhcp'],
  ['a source route', { kind: 'source-route' }, 'options'],
  ['a record of the route', { kind: 'record-route' }, 'options'],
  ['a router alert', { kind: 'router-alert' }, 'options'],
  ['hop-by-hop options', { kind: 'hop-by-hop' }, 'options'],
  ['a routing header', { kind: 'routing-header' }, 'options'],
  ['destination options', { kind: 'destination-options' }, 'options'],
  ['a port of the router', { kind: 'udp', to: gateway, port: 111 }, 'router'],
  ['a VLAN tag', { kind: 'vlan' }, 'link'],
  ['two VLAN tags', { kind: 'vlan-twice' }, 'link'],
  ['another protocol than IP', { kind: 'ethertype', type: '0x88cc' }, 'link'],
  ['a frame to the MAC of another', { kind: 'ip', mac_to: other.mac }, 'link'],
]

describe('a guest that sends', () => {
  let world: World
  let net: LinuxNetwork
  let forger: Forger
  let capture: Capture

  beforeAll(async () => {
    world = await World.raise()
    net = world.driver('h1')
    await net.program(router(vifs, { groups: [groupSpec(vifs, [...everythingIn, ...everythingOut])] }), never)
    await world.run(`h1-${vpc}`, [
      'sysctl',
      '-qw',
      'net.ipv6.conf.all.disable_ipv6=0',
      'net.ipv6.conf.all.forwarding=1',
    ])
    const guests = [await plugIn(own), await plugIn(other)]
    await world.run(`h1-${vpc}`, ['ip', '-6', 'route', 'add', '2001:db8::11/128', 'dev', net.tapOf(vpc, other.id).tap])
    const neighbour = ['lladdr', other.mac, 'dev', net.tapOf(vpc, other.id).tap]
    await world.run(`h1-${vpc}`, ['ip', '-6', 'neigh', 'add', '2001:db8::11', ...neighbour])
    forger = await Forger.start(guests[0]!, honest) // two were plugged in
    capture = await Capture.start(
      guests[1]!,
      `ether dst ${other.mac} and not (icmp6 and ip6 src host fe80::fcff:ffff:feff:ffff)`,
    )
  })
  afterAll(async () => {
    await capture?.end()
    await forger?.[Symbol.asyncDispose]()
    await world?.[Symbol.asyncDispose]()
  })

  const plugIn = (it: typeof own): Promise<Guest> => world.guest(net.tapOf(vpc, it.id), it.mac)
  const count = (reason: DropReason) => drops(net, reason, own.id)

  it.each(attempts)('%s is not heard by anybody, and counted', async (_what, frame, reason) => {
    const before = await count(reason)
    await forger.send(frame)
    await expect.poll(() => count(reason)).toBe(before + 1)
  })

  it('in its own name is heard, and nothing else was', async () => {
    await forger.send({ kind: 'ip' })
    await forger.send({ kind: 'ip6' })
    await expect.poll(() => capture.lines.length).toBeGreaterThan(1)
    const heard = (await capture.end()).map((it) => /^\S+ (IP6?) /.exec(it)?.[1])
    expect(heard).toEqual(['IP', 'IP6'])
  })
})
