import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EdgeNetworkSpec, RouterSpec, RuleSpec, SubnetSpec, TableSpec } from '../../../host-api/spec.ts'
import type { SubnetId } from '../../../model/ids.ts'
import type { LinuxNetwork } from './driver.ts'
import type { Guest, Place } from './testing/guest.ts'
import { drops, hops, receivedLines, serve } from './testing/probes.ts'
import { groupSpec, router, subnet, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

const block = '2001:db8:1000:1100::/56'
const hidden: SubnetId = 'subnet-00000000000000002'
const subnets: readonly SubnetSpec[] = [
  {
    ...{ id: subnet, cidr: '172.31.0.0/20', gateway: '172.31.0.1', dns: [], domainName: '' },
    ipv6: { cidr: '2001:db8:1000:1101::/64', gateway: '2001:db8:1000:1101::1' },
  },
  {
    ...{ id: hidden, cidr: '172.31.16.0/20', gateway: '172.31.16.1', dns: [], domainName: '' },
    ipv6: { cidr: '2001:db8:1000:1102::/64', gateway: '2001:db8:1000:1102::1' },
  },
]
const address = {
  one: '2001:db8:1000:1101::a',
  sibling: '2001:db8:1000:1101::b',
  far: '2001:db8:1000:1101::c',
  hidden: '2001:db8:1000:1102::d',
} as const
const one = vif(1, { ipv6: [address.one, '2001:db8:1000:1101::aa'] })
const sibling = vif(2, { ipv6: [address.sibling] })
const far = vif(3, { ipv6: [address.far] })
const inHidden = vif(4, { ipv6: [address.hidden], subnet: hidden, address: '172.31.16.14' })
const all = [one, sibling, far, inHidden]
const outside = '2001:db8:ffff::2'

const rule = (direction: 'ingress' | 'egress', protocol: RuleSpec['protocol'], cidr: string): RuleSpec => ({
  ...{ direction, protocol, peer: { cidr } },
})
const pings: readonly RuleSpec[] = [rule('egress', 'all', '::/0'), rule('ingress', 58, block)]

describe('IPv6', () => {
  let world: World
  let h1: LinuxNetwork
  let h2: LinuxNetwork
  let client: Place
  let guests: Record<keyof typeof address, Guest>
  let rules: readonly RuleSpec[] = pings
  let edgeNetworks: EdgeNetworkSpec['ipv6']

  beforeAll(async () => {
    world = await World.raise()
    ;[h1, h2] = [world.driver('h1'), world.driver('h2')]
    client = world.place('internet')
    await program()
    guests = {
      one: await world.guest(h1.tapOf(vpc, vifId(1)), one.mac),
      sibling: await world.guest(h1.tapOf(vpc, vifId(2)), sibling.mac),
      far: await world.guest(h2.tapOf(vpc, vifId(3)), far.mac),
      hidden: await world.guest(h2.tapOf(vpc, vifId(4)), inHidden.mac),
    }
  })
  afterAll(async () => await world?.[Symbol.asyncDispose]())

  async function program(): Promise<void> {
    const [first, second] = world.box.hosts.map((it) => it.underlayAddress) as [string, string]
    const tables: TableSpec[] = [
      {
        number: 1,
        sources: ['172.31.0.0/20', '2001:db8:1000:1101::/64'],
        ways: [out(), { to: '0.0.0.0/0', nowhere: true }],
      },
      { number: 2, sources: ['172.31.16.0/20', '2001:db8:1000:1102::/64'], ways: edgeNetworks ? [out()] : [] },
    ]
    const members = all.flatMap((it) => [it.address, ...(it.ipv6 ?? [])])
    const groups = [{ ...groupSpec(all, rules), members }]
    const own = { cidrs: ['172.31.0.0/16', block], subnets, groups, tables } satisfies Partial<RouterSpec>
    const to = (vifs: readonly (typeof one)[], via: string) =>
      vifs
        .flatMap((it) => [`${it.address}/32`, ...(it.ipv6 ?? []).map((six) => `${six}/128`)])
        .map((it) => ({ to: it, via }))
    const [toFirst, toSecond] = [to([one, sibling], first), to([far, inHidden], second)]
    await Promise.all([
      h1.program(router([one, sibling], { ...own, routes: toSecond }), never),
      h2.program(router([far, inHidden], { ...own, routes: toFirst }), never),
      h1.programEdge(
        {
          networks: edgeNetworks
            ? [
                {
                  ...{ vpc, vni: 4242, mtu: 1500, cidrs: own.cidrs, routes: [...toFirst, ...toSecond] },
                  ...{ addresses: [], tables: [], nats: [], ipv6: edgeNetworks },
                },
              ]
            : [],
        },
        never,
      ),
    ])
  }
  const out = () => ({ to: '::/0', via: world.box.edgeAddress })
  const ping = (from: Place, to: string) => from.can('ping', '-c1', '-W1', to)

  it('guests hear of their address by DHCPv6, and of the router by its advertisement', async () => {
    const given = await Promise.all(Object.values(guests).map((it) => it.dhcp6()))
    expect(given).toEqual(Object.values(address))
    const routes = await guests.one.run(['ip', '-6', 'route'])
    expect(routes).toMatch(/^default via fe80::1 dev eth0 proto ra/m)
    expect(routes).not.toContain(`${block.split('/')[0]}/64`)
  })

  it('a guest that calls itself otherwise gets its address when the lease is over, and nobody else’s meanwhile', async () => {
    expect(await guests.one.dhcp6({ tries: 1 })).toBe('')
  })

  it('guests reach each other on one host, on two, and in another subnet', async () => {
    expect(await ping(guests.one, address.sibling)).toBe(true)
    expect(await ping(guests.one, address.far)).toBe(true)
    expect(await ping(guests.one, address.hidden)).toBe(true)
    expect(await ping(guests.hidden, address.one)).toBe(true)
  })

  it('is routed: two hops to a sibling, three to another host', async () => {
    expect(await hops(guests.one, address.sibling)).toHaveLength(2)
    expect(await hops(guests.one, address.far)).toHaveLength(3)
  })

  it('nothing is flooded: a guest hears of no other', async () => {
    const heard = await receivedLines(guests.sibling, 'ip6 and not icmp6[0] == 134', async () => {
      await ping(guests.one, '2001:db8:1000:1101::77')
      await ping(guests.one, address.far)
      await guests.far.can('ping', '-c1', '-W1', 'ff02::1%eth0')
    })
    expect(heard).toEqual([])
  })

  it('groups hold for TCP, and their change for a connection that is there', async () => {
    await using server = await serve(guests.far, 22)
    expect(await server.answers(guests.one, address.far)).toBe(false)
    rules = [...pings, { ...rule('ingress', 6, `${address.one}/128`), range: { from: 22, to: 22 } }]
    await program()
    await using talk = await server.connect(guests.one, address.far)
    expect(await talk.echoes(100_000)).toBe(true)
    expect(await server.answers(guests.sibling, address.far)).toBe(false)
    rules = pings
    await program()
    expect(await talk.echoes(10)).toBe(false)
  })

  it('without a way out nothing leaves, and nothing comes in', async () => {
    expect(await ping(guests.one, outside)).toBe(false)
    expect(await ping(client, address.one)).toBe(false)
  })

  it('an open network goes out and is reached as its groups allow; an outward one only begins', async () => {
    edgeNetworks = { open: ['2001:db8:1000:1101::/64'], outward: ['2001:db8:1000:1102::/64'] }
    rules = [...pings, rule('ingress', 58, `${outside}/128`), rule('ingress', 6, `${outside}/128`)]
    await program()
    expect(await ping(guests.one, outside)).toBe(true)
    expect(await ping(guests.hidden, outside)).toBe(true)
    expect(await ping(client, address.one)).toBe(true)
    expect(await ping(client, address.far)).toBe(true)
    expect(await ping(client, address.hidden)).toBe(false)
    await using server = await serve(guests.hidden, 22)
    expect(await server.answers(client, address.hidden)).toBe(false)
    await using web = await serve(client, 80)
    await using talk = await web.connect(guests.hidden, outside)
    expect(await talk.echoes(100_000)).toBe(true)
  })

  it('the world sees guests’ own addresses', async () => {
    const seen = await receivedLines(client, `src ${address.one}`, () => ping(guests.one, outside), 'edge')
    expect(seen).not.toEqual([])
  })

  it('a network that is open no more is reached no more, in connections that are there too', async () => {
    await using server = await serve(guests.one, 22)
    await using talk = await server.connect(client, address.one)
    expect(await talk.echoes(10)).toBe(true)
    edgeNetworks = { open: [], outward: ['2001:db8:1000:1101::/64'] }
    await program()
    expect(await talk.echoes(10)).toBe(false)
    expect(await ping(guests.one, outside)).toBe(true)
  })

  it('an honest guest loses nothing', async () => {
    for (const reason of ['source', 'neighbour', 'dhcp', 'options', 'router'] as const)
      expect(await drops(h1, reason, one.id)).toBe(0)
  })

  it('programming the same again changes nothing', async () => {
    const state = async () =>
      await guests.one.run(['ip', '-n', `${world.box.cloud}-h1-${vpc}`, '-6', 'route', 'show', 'table', 'all'])
    const before = await state()
    await using other = world.driver('h1')
    await other[Symbol.asyncDispose]()
    await program()
    expect(await state()).toBe(before)
  })
})
