import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  AclRuleSpec,
  EdgeSpec,
  NatId,
  RouterSpec,
  SubnetSpec,
  TableSpec,
  WaySpec,
  WireId,
} from '../../../host-api/spec.ts'
import type { AclId, SubnetId, VpcId } from '../../../model/ids.ts'
import type { LinuxNetwork } from './driver.ts'
import type { Guest, Place } from './testing/guest.ts'
import { received, serve } from './testing/probes.ts'
import { everythingOut, groupSpec, open, openPing, router, subnet, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

const hidden: SubnetId = 'subnet-00000000000000002'
const subnets: readonly SubnetSpec[] = [
  { id: subnet, cidr: '172.31.0.0/20', gateway: '172.31.0.1', dns: [], domainName: '' },
  { id: hidden, cidr: '172.31.16.0/20', gateway: '172.31.16.1', dns: [], domainName: 'hidden.example' },
]
const one = vif(1)
const two = vif(2, { subnet: hidden, address: '172.31.16.11' })
/** Forwards for others. */
const three = vif(3, { sourceDestCheck: false })
const groups = [groupSpec([one, two, three], [open(22), openPing, ...everythingOut])]

const peer: VpcId = 'vpc-00000000000000002'
const wire: WireId = 'pcx-00000000000000001'
const nat: NatId = 'nat-00000000000000001'
const acl: AclId = 'acl-00000001'
const outside = '198.51.100.2'
const publicOf = { one: '203.0.113.10', nat: '203.0.113.20' }

describe('route tables', () => {
  let world: World
  let h1: LinuxNetwork
  let h2: LinuxNetwork
  let client: Place
  let guests: Record<'one' | 'two' | 'three' | 'far', Guest>

  beforeAll(async () => {
    world = await World.raise()
    ;[h1, h2] = [world.driver('h1'), world.driver('h2')]
    client = world.place('internet')
    await program()
    guests = {
      one: await world.guest(h1.tapOf(vpc, vifId(1)), one.mac),
      two: await world.guest(h1.tapOf(vpc, vifId(2)), two.mac),
      three: await world.guest(h2.tapOf(vpc, vifId(3)), three.mac),
      far: await world.guest(h2.tapOf(peer, vifId(4)), farVif.mac),
    }
    await Promise.all(Object.values(guests).map((it) => it.dhcp()))
  })
  afterAll(async () => await world?.[Symbol.asyncDispose]())

  const farVif = vif(4, { address: '10.1.0.10' })
  const ways: { open: WaySpec[]; hidden: WaySpec[]; far: WaySpec[] } = { open: [], hidden: [], far: [] }
  let edgeWays: EdgeSpec['networks'][number]['tables'] = []
  let wired = false
  /** Of the first subnet, which the NAT is in. */
  let natRules: readonly AclRuleSpec[] | undefined

  /** Programs both hosts and the edge with what `ways`, `edgeWays` and `wired` say. */
  async function program(): Promise<void> {
    const [first, second] = world.box.hosts.map((it) => it.underlayAddress) as [string, string]
    const tables: TableSpec[] = [
      { number: 1, sources: ['172.31.0.0/20'], ways: ways.open },
      { number: 2, sources: ['172.31.16.0/20'], ways: ways.hidden },
    ]
    const own = (changes: Partial<RouterSpec>) => ({ subnets, groups, tables, ...changes })
    const wires = wired ? [{ id: wire, to: peer, sources: ['10.1.0.0/16'] }] : []
    const back = wired ? [{ id: wire, to: vpc, sources: ['172.31.0.0/16'] }] : []
    const farShape = {
      vpc: peer,
      vni: 4343,
      cidrs: ['10.1.0.0/16'],
      subnets: [{ ...subnets[0]!, cidr: '10.1.0.0/20', gateway: '10.1.0.1' }],
      groups,
    }
    const [inFirst, inSecond] = [[one, two], [three]]
    const toSecond = inSecond.map((it) => ({ to: `${it.address}/32`, via: second }))
    const toFirst = inFirst.map((it) => ({ to: `${it.address}/32`, via: first }))
    await Promise.all([
      h1.program(router(inFirst, own({ routes: toSecond, wires })), never),
      h2.program(router(inSecond, own({ routes: toFirst, wires })), never),
      h2.program(
        router([farVif], {
          ...farShape,
          tables: [{ number: 3, sources: ['10.1.0.0/20'], ways: ways.far }],
          wires: back,
        }),
        never,
      ),
      wired
        ? h1.program(
            router([], {
              ...farShape,
              subnets: [],
              groups: [],
              routes: [{ to: '10.1.0.10/32', via: second }],
              wires: back,
            }),
            never,
          )
        : h1.remove(peer, never),
      h1.programEdge(
        {
          networks: [
            {
              ...{ vpc, vni: 4242, mtu: 1500, cidrs: ['172.31.0.0/16'], routes: [...toFirst, ...toSecond] },
              addresses: [{ publicAddress: publicOf.one, privateAddress: one.address }],
              tables: edgeWays,
              nats: [{ id: nat, publicAddress: publicOf.nat, ...(natRules && { boundary }) }],
              ...(natRules && { acls: [{ id: acl, rules: natRules }] }),
            },
          ],
        },
        never,
      ),
    ])
  }

  const boundary = { cidr: '172.31.0.0/20', acl }
  const ping = (from: Place, to: string) => from.can('ping', '-c1', '-W1', to)
  const edge = (): WaySpec => ({ to: '0.0.0.0/0', via: world.box.edgeAddress })
  const edgeTables = (hiddenBy: 'own-address' | NatId): typeof edgeWays => [
    { number: 1, sources: ['172.31.0.0/20'], ways: [{ to: '0.0.0.0/0', by: 'own-address' }] },
    { number: 2, sources: ['172.31.16.0/20'], ways: [{ to: '0.0.0.0/0', by: hiddenBy }] },
  ]

  it('without a way, nothing leaves, and guests of the VPC reach each other all the same', async () => {
    expect(await ping(guests.one, outside)).toBe(false)
    expect(await ping(guests.one, two.address)).toBe(true)
    expect(await ping(guests.one, three.address)).toBe(true)
  })

  it('a way is its subnets’ alone', async () => {
    ways.open = [edge()]
    edgeWays = edgeTables('own-address')
    await program()
    expect(await ping(guests.one, outside)).toBe(true)
    expect(await ping(client, publicOf.one)).toBe(true)
    expect(await ping(guests.two, outside)).toBe(false)
  })

  it('a longer prefix wins, also where it leads nowhere', async () => {
    ways.open = [edge(), { to: '198.51.100.0/24', nowhere: true }]
    await program()
    expect(await ping(guests.one, outside)).toBe(false)
    ways.open = [
      { to: '0.0.0.0/0', nowhere: true },
      { to: '198.51.100.0/24', via: world.box.edgeAddress },
    ]
    await program()
    expect(await ping(guests.one, outside)).toBe(true)
    ways.open = [edge()]
    await program()
  })

  it('a NAT lets guests out by its address, and nobody in', async () => {
    ways.hidden = [edge()]
    edgeWays = edgeTables(nat)
    await program()
    const seen = await received(client, `icmp and src host ${publicOf.nat}`, () => ping(guests.two, outside), 'edge')
    expect(seen).toBe(true)
    expect(await ping(guests.two, outside)).toBe(true)
    const tried = await received(guests.two, 'icmp', () => ping(client, publicOf.nat))
    expect(tried).toBe(false)
    await using server = await serve(guests.two, 22)
    expect(await server.answers(client, publicOf.nat)).toBe(false)
    expect(await ping(guests.one, outside)).toBe(true)
  })

  it('connections through a NAT go on while its guests and routes change', async () => {
    await using server = await serve(client, 80)
    await using talk = await server.connect(guests.two, outside)
    expect(await talk.echoes(1000)).toBe(true)
    for (const to of ['198.18.0.0/15', '192.0.2.0/24', '203.0.113.0/24']) {
      ways.hidden = [edge(), { to, nowhere: true }]
      await program()
      expect(await talk.echoes(1000)).toBe(true)
    }
  })

  describe('the boundary of a NAT’s subnet', () => {
    const allow = (direction: AclRuleSpec['direction'], port: number, cidr: string): AclRuleSpec => ({
      ...{ direction, action: 'allow', protocol: 6, cidr },
      range: { from: port, to: port === 80 ? 80 : 65_535 },
    })
    const fromGuests = allow('ingress', 80, '172.31.16.0/20')
    const toOutside = allow('egress', 80, '198.51.100.0/24')
    const fromOutside = allow('ingress', 1024, '198.51.100.0/24')
    const toGuests = allow('egress', 1024, '172.31.16.0/20')
    const six: AclRuleSpec = { direction: 'ingress', action: 'allow', protocol: 'all', cidr: '::/0' }
    const guard = async (rules?: readonly AclRuleSpec[]) => {
      natRules = rules
      await program()
    }
    afterAll(async () => {
      edgeWays = edgeTables(nat)
      await guard()
    })

    it('is passed by what goes through the NAT, there and back, four times in all', async () => {
      await using server = await serve(client, 80)
      const all = [six, fromGuests, toOutside, fromOutside, toGuests]
      await guard(all)
      expect(await server.answers(guests.two, outside)).toBe(true)
      for (const it of all.slice(1)) {
        await guard(all.filter((other) => other !== it))
        expect(await server.answers(guests.two, outside), JSON.stringify(it)).toBe(false)
      }
    })

    it('is no affair of guests with addresses of their own, and knows of no connections', async () => {
      await using server = await serve(client, 80)
      await guard([fromGuests, toOutside, fromOutside, toGuests])
      await using talk = await server.connect(guests.two, outside)
      expect(await talk.echoes(1000)).toBe(true)
      await guard([])
      expect(await talk.echoes(10)).toBe(false)
      expect(await ping(guests.two, outside)).toBe(false)
      expect(await ping(guests.one, outside)).toBe(true)
    })

    it('lies outside of NAT and guest where the guest is in the same subnet', async () => {
      await using server = await serve(client, 80)
      edgeWays = edgeTables(nat).map((it) => ({ ...it, ways: [{ to: '0.0.0.0/0', by: nat }] }))
      await guard([toOutside, fromOutside])
      expect(await server.answers(guests.one, outside)).toBe(true)
      expect(await server.answers(guests.two, outside)).toBe(false)
      await guard([toOutside])
      expect(await server.answers(guests.one, outside)).toBe(false)
    })

    it('is no more once nobody speaks of it', async () => {
      await guard()
      expect(await ping(guests.two, outside)).toBe(true)
    })
  })

  it('a guest is a router for others, on whatever host', async () => {
    const [, second] = world.box.hosts.map((it) => it.underlayAddress)
    ways.open = [edge(), { to: '10.9.0.0/16', vif: vifId(3) }]
    ways.hidden = [edge(), { to: '10.9.0.0/16', via: second! }]
    await program()
    // The guest's host has the same table, and in it the guest itself.
    await h2.program(
      router([three], {
        subnets,
        groups,
        tables: [
          { number: 1, sources: ['172.31.0.0/20'], ways: ways.open },
          { number: 2, sources: ['172.31.16.0/20'], ways: [edge(), { to: '10.9.0.0/16', vif: vifId(3) }] },
        ],
        routes: [one, two].map((it) => ({ to: `${it.address}/32`, via: world.box.hosts[0]!.underlayAddress })),
      }),
      never,
    )
    await guests.three.run(['ip', 'addr', 'add', '10.9.0.1/32', 'dev', 'lo'])
    expect(await ping(guests.two, '10.9.0.1')).toBe(true)
    expect(await ping(guests.one, '10.9.0.1')).toBe(false) // It is not on the host of the first.
  })

  it('a wire carries guests of two VPCs to each other, once both have a way', async () => {
    wired = true
    ways.open = [edge(), { to: '10.1.0.0/16', wire }]
    ways.hidden = [edge()]
    await program()
    expect(await ping(guests.one, farVif.address)).toBe(false)
    ways.far = [{ to: '172.31.0.0/16', wire }]
    await program()
    expect(await ping(guests.one, farVif.address)).toBe(true)
    expect(await ping(guests.three, farVif.address)).toBe(true) // on one host
    expect(await ping(guests.two, farVif.address)).toBe(false) // has no way
    await using server = await serve(guests.far, 22)
    await using talk = await server.connect(guests.one, farVif.address)
    expect(await talk.echoes(100_000)).toBe(true)
    await using reverse = await serve(guests.one, 22)
    expect(await reverse.answers(guests.far, one.address)).toBe(true)
  })

  it('a wire leads no further than to guests of the VPC at its end', async () => {
    ways.open = [
      { to: '0.0.0.0/0', via: world.box.edgeAddress },
      { to: '10.1.0.0/16', wire },
    ]
    ways.far = [{ to: '0.0.0.0/0', wire }]
    await program()
    expect(await ping(guests.far, one.address)).toBe(true)
    const left = await received(client, 'icmp', () => ping(guests.far, outside), 'edge')
    expect(left).toBe(false)
  })

  it('nobody passes for a guest of the VPC at the other end, or of a third', async () => {
    const from = async (address: string) => {
      await guests.three.run(['ip', 'addr', 'add', `${address}/32`, 'dev', 'lo'])
      const send = () => guests.three.can('ping', '-c1', '-W1', '-I', address, farVif.address)
      return received(guests.far, `icmp and src host ${address}`, send)
    }
    expect(await from('10.1.0.77')).toBe(false)
    expect(await from('192.0.2.77')).toBe(false)
    expect(await from('172.31.0.77')).toBe(true) // Its own VPC's is its own VPC's affair.
  })

  it('without the wire there is no way, and no end of it is left', async () => {
    wired = false
    ways.open = [edge(), { to: '10.1.0.0/16', nowhere: true }]
    ways.far = []
    await program()
    expect(await ping(guests.one, farVif.address)).toBe(false)
    for (const place of [`h1-${vpc}`, `h2-${vpc}`, `h2-${peer}`])
      expect(await world.run(place, ['ip', '-brief', 'link'])).not.toMatch(/^p0/m)
  })

  it('is not touched by what is already so', async () => {
    const look = async () => [
      await world.run(`h1-${vpc}`, ['ip', 'route', 'show', 'table', 'all']),
      await world.run(`h1-${vpc}`, ['ip', 'rule']),
      await world.run(`h1-${vpc}`, ['nft', '-a', 'list', 'ruleset']),
    ]
    const before = await look()
    await program()
    expect(await look()).toEqual(before)
  })
})
