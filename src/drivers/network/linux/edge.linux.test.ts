import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EdgeSpec } from '../../../host-api/spec.ts'
import type { LinuxNetwork } from './driver.ts'
import type { Guest, Place } from './testing/guest.ts'
import { hops, received, serve } from './testing/probes.ts'
import { edge, everythingOut, groupSpec, open, openPing, router, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

describe('the edge', () => {
  let world: World
  let net: LinuxNetwork
  let one: Guest
  let two: Guest
  let client: Place
  const outside = '198.51.100.2'
  const publicOf = { one: '203.0.113.10', two: '203.0.113.11' }
  const vifs = [vif(1), vif(2)]
  const groups = [groupSpec(vifs, [open(22), openPing, ...everythingOut])]

  beforeAll(async () => {
    const machine = { network: '192.0.2.0/30', edge: '192.0.2.2', machine: '192.0.2.1' }
    world = await World.raise({ machine: { ...machine, namespace: await World.newMachine() } })
    net = world.driver('h1')
    client = world.place('internet')
    await net.program(router(vifs, { groups, routes: [{ to: '0.0.0.0/0', via: world.box.edgeAddress }] }), never)
    await programEdge({ one: 1, two: 2 })
    one = await world.guest(net.tapOf(vpc, vifId(1)), vif(1).mac)
    two = await world.guest(net.tapOf(vpc, vifId(2)), vif(2).mac)
    await Promise.all([one.dhcp(), two.dhcp()])
  })
  afterAll(async () => await world?.[Symbol.asyncDispose]())

  /** Gives each public address to the nth vif, or to none. */
  const programEdge = async (owners: Partial<Record<'one' | 'two', number>>) =>
    await net.programEdge(spec(owners), never)
  const spec = (owners: Partial<Record<'one' | 'two', number>>): EdgeSpec => {
    const via = world.box.hosts[0]?.underlayAddress ?? ''
    return edge(
      Object.entries(owners).map(([name, n]) => ({
        publicAddress: publicOf[name as 'one' | 'two'],
        privateAddress: vif(n).address,
      })),
      vifs.map((it) => ({ to: `${it.address}/32`, via })),
    )
  }

  it('carries connections from outside to the private address', async () => {
    expect(await client.can('ping', '-c1', '-W2', publicOf.one)).toBe(true)
    await using server = await serve(one, 22)
    expect(await server.answers(client, publicOf.one)).toBe(true)
    await using other = await serve(one, 23)
    expect(await other.answers(client, publicOf.one)).toBe(false)
  })

  it('gives guests their public address outside', async () => {
    await using server = await serve(client, 80)
    await using talk = await server.connect(two, outside)
    expect(await talk.echoes(100_000)).toBe(true)
    const seen = await received(
      client,
      `icmp[icmptype] = icmp-echo and src host ${publicOf.two}`,
      () => two.can('ping', '-c1', '-W2', outside),
      'edge',
    )
    expect(seen).toBe(true)
  })

  it('shows a guest a way out, and translates the errors that come back', async () => {
    const way = await hops(one, outside)
    expect(way).toEqual(['172.31.0.1', world.box.edgeAddress, world.box.internet.edge, outside])
  })

  it('translates errors from inside, so that a client outside sees a way in', async () => {
    const way = await hops(client, publicOf.one)
    expect(way).toEqual([world.box.internet.edge, publicOf.one, publicOf.one, publicOf.one])
  })

  it('carries guests to public addresses of their own VPC, with their public address', async () => {
    const seen = await received(two, `icmp and src host ${publicOf.one}`, () =>
      one.can('ping', '-c1', '-W2', publicOf.two),
    )
    expect(seen).toBe(true)
    expect(await one.can('ping', '-c1', '-W2', publicOf.two)).toBe(true)
  })

  it('answers for no address that nobody has, and sends it round in no circle', async () => {
    expect(await client.can('ping', '-c1', '-W1', '203.0.113.99')).toBe(false)
    expect(await hops(client, '203.0.113.99')).toEqual([world.box.internet.edge])
  })

  it('moves an address: with the next packet, and connections to the one before end', async () => {
    await using server = await serve(one, 22)
    await using talk = await server.connect(client, publicOf.one)
    expect(await talk.echoes(10)).toBe(true)
    await programEdge({ one: 2 })
    expect(await talk.echoes(10)).toBe(false)
    const seen = await received(two, `icmp and src host ${outside}`, () =>
      client.can('ping', '-c1', '-W2', publicOf.one),
    )
    expect(seen).toBe(true)
    await programEdge({ one: 1, two: 2 })
    expect(await client.can('ping', '-c1', '-W2', publicOf.one)).toBe(true)
  })

  it('carries nothing of a guest that has no public address', async () => {
    await programEdge({ one: 1 })
    const seen = await received(client, 'icmp', () => two.can('ping', '-c1', '-W1', outside), 'edge')
    expect(seen).toBe(false)
    await programEdge({ one: 1, two: 2 })
  })

  it('lets guests reach neither hosts nor the edge nor the machine', async () => {
    const { hosts, edgeAddress, internet } = world.box
    const inside = [...hosts.map((it) => it.underlayAddress), edgeAddress, internet.edge, '192.0.2.2', '192.0.2.1']
    const answers = await Promise.all(inside.map((it) => one.can('ping', '-c1', '-W1', it)))
    expect(inside.filter((_it, index) => answers[index])).toEqual([])
  })

  it('lets the machine reach guests', async () => {
    const machine = world.machine()
    expect(await machine.can('ping', '-c1', '-W2', publicOf.one)).toBe(true)
    await using server = await serve(one, 22)
    expect(await server.answers(machine, publicOf.one)).toBe(true)
  })

  it('is not touched by what is already so', async () => {
    const rules = () => world.run(`edge-${vpc}`, ['nft', '-a', 'list', 'ruleset'])
    const before = await rules()
    await world.driver('h1').programEdge(spec({ one: 1, two: 2 }), never)
    expect(await rules()).toBe(before)
  })

  it('lets go of a VPC that it is told no more', async () => {
    await net.programEdge({ networks: [] }, never)
    expect(await client.can('ping', '-c1', '-W1', publicOf.one)).toBe(false)
    await programEdge({ one: 1, two: 2 })
    expect(await client.can('ping', '-c1', '-W2', publicOf.one)).toBe(true)
  })
})
