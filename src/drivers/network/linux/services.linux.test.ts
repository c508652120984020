import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../../base/testing.ts'
import type { BoundSockets } from '../driver.ts'
import type { Guest } from './testing/guest.ts'
import { router, vif, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

const servers = ['169.254.169.253', '172.31.0.2']
const dns = { servers, rules: [], hosts: {}, reverse: {} }

let world: World
let sockets: BoundSockets
let guests: Guest[]
/** From whom each datagram came. */
const heard: string[] = []
const heardFrom = (address: string) => heard.filter((it) => it === address).length

beforeAll(async () => {
  world = await World.raise()
  const net = world.driver('h1')
  const vifs = [vif(1), vif(2)]
  await net.program(router(vifs, { dns }), never)
  guests = await Promise.all(vifs.map((it) => world.guest(net.tapOf(vpc, it.id), it.mac)))
  await Promise.all(guests.map((it) => it.dhcp()))
  sockets = await net.bind(vpc, servers, 53, never)
  for (const it of sockets.udp)
    it.on('message', (bytes, { address, port }) => {
      heard.push(address)
      it.send(bytes, port, address)
    })
  for (const it of sockets.tcp) it.on('connection', (socket) => socket.end('tcp'))
})
afterAll(async () => {
  for (const it of [...(sockets?.udp ?? []), ...(sockets?.tcp ?? [])]) it.close()
  await world[Symbol.asyncDispose]()
})

/** What a guest hears when it says hello: nothing, where nothing comes within a second. */
const say = (guest: Guest, to: string) => guest.run(['/usr/bin/python3', '-c', hello, to]).then((it) => it.trim())
const hello = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.connect((sys.argv[1], 53))
s.send(b"hello")
try: print(s.recv(100).decode())
except socket.timeout: pass`

it.each(servers)('guests ask at %s, by UDP and TCP', async (server) => {
  expect(await say(guests[0]!, server)).toBe('hello')
  expect(await guests[0]!.run(['busybox', 'nc', '-w', '2', server, '53'])).toBe('tcp')
})

it('a guest that asks too much is held to its share, leaves nothing in conntrack, and others are heard', async () => {
  const entries = async () =>
    Number(await world.run(`h1-${vpc}`, ['cat', '/proc/sys/net/netfilter/nf_conntrack_count']))
  const before = await entries()
  heard.length = 0
  const packets = 6000
  const flood = `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
began = time.time()
for n in range(${packets}):
    s.sendto(b"x", ("169.254.169.253" if n % 2 else "172.31.0.2", 53))
print(time.time() - began)`
  const seconds = Number(await guests[0]!.run(['/usr/bin/python3', '-c', flood]))
  expect(await say(guests[1]!, servers[0]!)).toBe('hello')
  await delay(100) // What is under way arrives.
  expect(heardFrom('172.31.0.10')).toBeGreaterThan(0)
  expect(heardFrom('172.31.0.10')).toBeLessThan(1024 * (2 + seconds))
  expect(heardFrom('172.31.0.10')).toBeLessThan(packets)
  expect(heardFrom('172.31.0.11')).toBe(1)
  expect(await entries()).toBeLessThan(before + 20)
  await eventually(async () => (await say(guests[0]!, servers[0]!)) === 'hello' || undefined)
})

it('no name server, no port: what was open is closed with the next spec', async () => {
  await world.driver('h1').program(router([vif(1), vif(2)]), never)
  await expect(guests[0]!.run(['busybox', 'nc', '-w', '1', servers[0]!, '53'])).rejects.toThrow()
  await world.driver('h1').program(router([vif(1), vif(2)], { dns }), never)
})
