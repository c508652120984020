import { once } from 'node:events'
import type { Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../../base/subprocess.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import type { LinuxNetwork } from './driver.ts'
import type { Guest } from './testing/guest.ts'
import { drops, hops, received, receivedLines, serve } from './testing/probes.ts'
import {
  everythingOut,
  fromMembers,
  group,
  groupSpec,
  open,
  openPing,
  otherGroup,
  router,
  vif,
  vifId,
  vpc,
} from './testing/specs.ts'
import { never, World } from './testing/world.ts'

describe('guests of one host', () => {
  let world: World
  let net: LinuxNetwork
  let one: Guest
  let two: Guest
  const vifs = [vif(1), vif(2)]
  const withRules = (...rules: Parameters<typeof groupSpec>[1]) =>
    net.program(router(vifs, { groups: [groupSpec(vifs, [...rules, ...everythingOut])] }), never)

  beforeAll(async () => {
    world = await World.raise()
    net = world.driver('h1')
    await net.program(router(vifs), never)
    one = await world.guest(net.tapOf(vpc, vifId(1)), vif(1).mac)
    two = await world.guest(net.tapOf(vpc, vifId(2)), vif(2).mac)
  })
  afterAll(async () => await world?.[Symbol.asyncDispose]())

  it('get their own address, the subnet, router, DNS, name and MTU by DHCP', async () => {
    expect(await one.dhcp()).toMatchObject({
      ip: '172.31.0.10',
      subnet: '255.255.240.0',
      mask: '20',
      router: '172.31.0.1',
      dns: '172.31.0.2',
      domain: 'us-west-2.compute.internal',
      hostname: 'ip-172-31-0-10',
      mtu: '1500',
      lease: '86400',
    })
    expect(await two.dhcp()).toMatchObject({ ip: '172.31.0.11' })
  })

  it('reach each other with one router between them, which is the gateway', async () => {
    await withRules(...fromMembers)
    expect(await one.can('ping', '-c1', '-W2', '172.31.0.11')).toBe(true)
    expect(await hops(one, '172.31.0.11')).toEqual(['172.31.0.1', '172.31.0.11'])
  })

  it('see every frame come from fe:ff:ff:ff:ff:ff', async () => {
    expect(await one.run(['ip', 'neigh', 'show'])).toContain('172.31.0.11 dev eth0 lladdr fe:ff:ff:ff:ff:ff')
  })

  it('are closed to everything that no rule lets in', async () => {
    await withRules()
    expect(await one.can('ping', '-c1', '-W1', '172.31.0.11')).toBe(false)
    await using server = await serve(two, 22)
    expect(await server.answers(one)).toBe(false)
  })

  it('are open at a port while a rule says so; a connection that it let in ends with it', async () => {
    await using server = await serve(two, 22)
    await withRules(open(22))
    expect(await server.answers(one)).toBe(true)
    await using talk = await server.connect(one)
    expect(await talk.echoes(10)).toBe(true)
    await withRules(open(80))
    expect(await talk.echoes(10)).toBe(false)
    expect(await server.answers(one)).toBe(false)
  })

  it('answer on connections that they opened themselves, though closed', async () => {
    const closed = [vif(1, { groups: [otherGroup] }), vif(2)]
    const groups = [groupSpec(closed, [open(22), ...everythingOut]), groupSpec(closed, everythingOut, otherGroup)]
    await net.program(router(closed, { groups }), never)
    await using server = await serve(two, 22)
    expect(await server.answers(one)).toBe(true)
  })

  it('cannot send what no egress rule lets out', async () => {
    await using server = await serve(two, 22)
    await net.program(router(vifs, { groups: [groupSpec(vifs, [open(22)])] }), never)
    expect(await server.answers(one)).toBe(false)
  })

  it('are open to members of a group, from the moment they are members', async () => {
    const rule = { direction: 'ingress', protocol: 'all', peer: { group: otherGroup } } as const
    const members = (addresses: string[]) => [
      groupSpec(vifs, [rule, ...everythingOut]),
      { id: otherGroup, rules: [], members: addresses },
    ]
    await net.program(router(vifs, { groups: members([]) }), never)
    expect(await one.can('ping', '-c1', '-W1', '172.31.0.11')).toBe(false)
    await net.program(router(vifs, { groups: members(['172.31.0.10']) }), never)
    expect(await one.can('ping', '-c1', '-W2', '172.31.0.11')).toBe(true)
  })

  it('are open to the networks of a rule and to no others', async () => {
    await withRules({ ...openPing, peer: { cidr: '172.31.0.10/32' } })
    expect(await one.can('ping', '-c1', '-W2', '172.31.0.11')).toBe(true)
    expect(await two.can('ping', '-c1', '-W1', '172.31.0.10')).toBe(false)
  })

  it('cannot send with another address: it is dropped and counted', async () => {
    await withRules(...fromMembers, openPing)
    const before = await drops(net, 'source', vifId(1))
    await one.run(['ip', 'addr', 'add', '172.31.0.77/32', 'dev', 'eth0'])
    const arrived = await received(two, 'icmp and src host 172.31.0.77', () =>
      one.can('ping', '-c1', '-W1', '-I', '172.31.0.77', '172.31.0.11'),
    )
    await one.run(['ip', 'addr', 'del', '172.31.0.77/32', 'dev', 'eth0'])
    expect(arrived).toBe(false)
    expect(await drops(net, 'source', vifId(1))).toBeGreaterThan(before)
  })

  it('cannot send with another MAC, nor claim an address by ARP', async () => {
    const before = await drops(net, 'arp', vifId(1))
    const arping = ['busybox', 'arping', '-U', '-c1', '-w1', '-I', 'eth0', '-s', '172.31.0.11', '172.31.0.1']
    await one.run(['ip', 'addr', 'add', '172.31.0.11/32', 'dev', 'eth0'])
    await one.can(...arping)
    await one.run(['ip', 'addr', 'del', '172.31.0.11/32', 'dev', 'eth0'])
    expect(await drops(net, 'arp', vifId(1))).toBeGreaterThan(before)
    await one.run(['ip', 'link', 'set', 'eth0', 'address', '0a:00:00:00:00:99'])
    expect(await one.can('ping', '-c1', '-W1', '172.31.0.11')).toBe(false)
    await one.run(['ip', 'link', 'set', 'eth0', 'address', vif(1).mac])
    expect(await one.can('ping', '-c2', '-W2', '172.31.0.11')).toBe(true)
  })

  it('cannot ask for the address of another by DHCP', async () => {
    await one.run(['ip', 'link', 'set', 'eth0', 'address', vif(2).mac])
    await expect(one.dhcp({ tries: 2 })).rejects.toThrow()
    await one.run(['ip', 'link', 'set', 'eth0', 'address', vif(1).mac])
    expect(await one.dhcp()).toMatchObject({ ip: '172.31.0.10' })
  })

  it('reach nothing of the router but ping, DHCP and the metadata service', async () => {
    expect(await one.can('ping', '-c1', '-W2', '172.31.0.1')).toBe(true)
    await using server = await serve(world.place(`h1-${vpc}`), 8080)
    expect(await server.answers(one, '172.31.0.1')).toBe(false)
  })

  it('have no sockets in the router, should one break out of its virtual machine', async () => {
    const { namespace } = net.tapOf(vpc, vifId(1))
    const send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('172.31.0.11', 9))"
    const sendAs = (user: number) => {
      const as = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '/usr/bin/python3', '-c', send]
      return run('nsenter', [`--net=/run/netns/${namespace}`, ...as])
    }
    await sendAs(65534)
    await expect(sendAs(userOfDomain('dom_1'))).rejects.toThrow('PermissionError')
  })

  it('may forward for others once told not to be checked', async () => {
    const free = [vif(1, { sourceDestCheck: false }), vif(2)]
    await net.program(router(free, { groups: [groupSpec(free, [openPing, ...everythingOut])] }), never)
    await one.run(['ip', 'addr', 'add', '10.9.9.9/32', 'dev', 'eth0'])
    const arrived = await received(two, 'icmp and src host 10.9.9.9', () =>
      one.can('ping', '-c1', '-W1', '-I', '10.9.9.9', '172.31.0.11'),
    )
    await one.run(['ip', 'addr', 'del', '10.9.9.9/32', 'dev', 'eth0'])
    expect(arrived).toBe(true)
  })

  it('lose a long packet only if it is too long for their MTU', async () => {
    await withRules(openPing)
    expect(await one.can('ping', '-c1', '-W2', '-M', 'do', '-s', '1472', '172.31.0.11')).toBe(true)
    expect(await one.can('ping', '-c1', '-W2', '-s', '4000', '172.31.0.11')).toBe(true)
  })
})

describe('the metadata address', () => {
  let world: World
  let net: LinuxNetwork
  let server: Server
  let one: Guest
  let two: Guest
  const metadata = { enabled: true, tokens: 'optional', hopLimit: 1, tree: {} } as const
  const vifs = [
    vif(1, { metadata: { ...metadata, hopLimit: 3 } }),
    vif(2, { metadata: { ...metadata, enabled: false } }),
  ]

  beforeAll(async () => {
    world = await World.raise()
    net = world.driver('h1')
    await net.program(router(vifs), never)
    server = await net.listen(vpc, '169.254.169.254', 80, never)
    server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', () => socket.end(`HTTP/1.0 200 OK\r\n\r\n${socket.remoteAddress}`))
    })
    one = await world.guest(net.tapOf(vpc, vifId(1)), vif(1).mac)
    two = await world.guest(net.tapOf(vpc, vifId(2)), vif(2).mac)
    await Promise.all([one.dhcp(), two.dhcp()])
  })
  afterAll(async () => {
    server?.close()
    await world?.[Symbol.asyncDispose]()
  })

  const ask = (guest: Guest, request: string) =>
    guest.run(['busybox', 'nc', '-w', '3', '169.254.169.254', '80'], { stdin: request })
  const ttlsWhile = async (request: string) => {
    const dump = await receivedLines(one, 'tcp and src host 169.254.169.254 and tcp[tcpflags] & tcp-push != 0', () =>
      ask(one, request),
    )
    return dump.flatMap((it) => /ttl (\d+)/.exec(it)?.[1] ?? [])
  }

  it('is served in this process, which sees who asks', async () => {
    expect(await ask(one, 'GET / HTTP/1.0\r\n\r\n')).toContain('172.31.0.10')
  })

  it('refuses a guest whose metadata is off', async () => {
    await expect(ask(two, 'GET / HTTP/1.0\r\n\r\n')).rejects.toThrow()
  })

  it('sends what may be a token no further than the hop limit', async () => {
    expect(await ttlsWhile('PUT /latest/api/token HTTP/1.0\r\n\r\n')).toEqual(['3'])
    expect(await ttlsWhile('GET /latest/meta-data/ HTTP/1.0\r\n\r\n')).toEqual(['64'])
  })

  it('keeps to a hop limit that was changed', async () => {
    await net.program(router([vif(1), vif(2)]), never)
    expect(await ttlsWhile('PUT /latest/api/token HTTP/1.0\r\n\r\n')).toEqual(['1'])
  })

  it('is free for the next server once the last one closed', async () => {
    server.close()
    await once(server, 'close')
    server = await net.listen(vpc, '169.254.169.254', 80, never)
    server.on('connection', (socket) => socket.end('next'))
    expect(await ask(one, 'GET')).toBe('next')
  })
})

describe('guests of two hosts', () => {
  let world: World
  let one: Guest
  let two: Guest
  const groups = [{ id: group, members: ['172.31.0.10', '172.31.0.11'], rules: [...fromMembers, ...everythingOut] }]

  beforeAll(async () => {
    world = await World.raise()
    const [h1, h2] = world.box.hosts.map((it) => it.underlayAddress)
    const there = { groups, mtu: 9001, routes: [{ to: '172.31.0.11/32', via: h2! }] }
    const here = { groups, mtu: 9001, routes: [{ to: '172.31.0.10/32', via: h1! }] }
    const [first, second] = [world.driver('h1'), world.driver('h2')]
    await first.program(router([vif(1)], there), never)
    await second.program(router([vif(2)], here), never)
    one = await world.guest(first.tapOf(vpc, vifId(1)), vif(1).mac)
    two = await world.guest(second.tapOf(vpc, vifId(2)), vif(2).mac)
    await Promise.all([one.dhcp(), two.dhcp()])
  })
  afterAll(async () => await world?.[Symbol.asyncDispose]())

  it('reach each other over the overlay, three hops away', async () => {
    expect(await one.can('ping', '-c1', '-W2', '172.31.0.11')).toBe(true)
    expect(await hops(one, '172.31.0.11')).toEqual(['172.31.0.1', world.box.hosts[1]?.underlayAddress, '172.31.0.11'])
  })

  it('exchange packets of 9001 bytes in one piece', async () => {
    expect(await one.can('ping', '-c1', '-W2', '-M', 'do', '-s', '8973', '172.31.0.11')).toBe(true)
  })

  it('exchange a stream', async () => {
    await using server = await serve(two, 5001)
    await using talk = await server.connect(one)
    expect(await talk.echoes(200_000)).toBe(true)
  })
})
