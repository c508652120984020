import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AclRuleSpec, SubnetSpec } from '../../../host-api/spec.ts'
import type { AclId, SubnetId } from '../../../model/ids.ts'
import type { LinuxNetwork } from './driver.ts'
import type { Guest } from './testing/guest.ts'
import { serve } from './testing/probes.ts'
import { everythingOut, groupSpec, router, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

const acl: AclId = 'acl-00000001'
const far: SubnetId = 'subnet-00000000000000002'
const vifs = [vif(1), vif(2), vif(3, { subnet: far, address: '172.31.16.10' })]
const everythingIn = { direction: 'ingress', protocol: 'all', peer: { cidr: '0.0.0.0/0' } } as const
const near = router(vifs).subnets[0]!
const farSubnet: SubnetSpec = { ...near, id: far, cidr: '172.31.16.0/20', gateway: '172.31.16.1' }

const tcp = (direction: 'ingress' | 'egress', from: number, to = from): AclRuleSpec => ({
  direction,
  action: 'allow',
  protocol: 6,
  range: { from, to },
  cidr: '172.31.0.0/20',
})
const denied = (it: AclRuleSpec): AclRuleSpec => ({ ...it, action: 'deny' })

describe('the ACL of a subnet', () => {
  let world: World
  let net: LinuxNetwork
  let one: Guest
  let two: Guest
  let three: Guest

  /** The far subnet has an ACL of these rules. */
  const guarded = (...rules: AclRuleSpec[]) =>
    net.program(
      router(vifs, {
        subnets: [near, { ...farSubnet, acl }],
        acls: [{ id: acl, rules }],
        groups: [groupSpec(vifs, [everythingIn, ...everythingOut])],
      }),
      never,
    )

  beforeAll(async () => {
    world = await World.raise()
    net = world.driver('h1')
    await guarded()
    const plugIn = (n: number) => world.guest(net.tapOf(vpc, vifId(n)), vif(n).mac)
    ;[one, two, three] = [await plugIn(1), await plugIn(2), await plugIn(3)]
    await Promise.all([one.dhcp(), two.dhcp(), three.dhcp()])
  })
  afterAll(async () => await world?.[Symbol.asyncDispose]())

  it('lets nothing pass that no rule allows, whatever groups say, and looks at nothing within a subnet', async () => {
    expect(await one.can('ping', '-c1', '-W1', '172.31.16.10')).toBe(false)
    expect(await one.can('ping', '-c1', '-W2', '172.31.0.11')).toBe(true)
  })

  it('knows of no connections: answers need a rule of their own', async () => {
    await using server = await serve(three, 22)
    await guarded(tcp('ingress', 22))
    expect(await server.answers(one, '172.31.16.10')).toBe(false)
    await guarded(tcp('ingress', 22), tcp('egress', 1024, 65_535))
    expect(await server.answers(one, '172.31.16.10')).toBe(true)
  })

  it('is decided by the first rule that fits', async () => {
    const back = tcp('egress', 1024, 65_535)
    await using server = await serve(three, 22)
    await guarded(denied({ ...tcp('ingress', 22), cidr: '172.31.0.10/32' }), tcp('ingress', 22), back)
    expect(await server.answers(one, '172.31.16.10')).toBe(false)
    expect(await server.answers(two, '172.31.16.10')).toBe(true)
    await guarded(tcp('ingress', 22), denied({ ...tcp('ingress', 22), cidr: '172.31.0.10/32' }), back)
    expect(await server.answers(one, '172.31.16.10')).toBe(true)
  })

  it('ends connections that it let pass before, and those that began before there was one', async () => {
    await using server = await serve(three, 22)
    await net.program(
      router(vifs, { subnets: [near, farSubnet], groups: [groupSpec(vifs, [everythingIn, ...everythingOut])] }),
      never,
    )
    await using talk = await server.connect(one, '172.31.16.10')
    expect(await talk.echoes(10)).toBe(true)
    await guarded(tcp('ingress', 22))
    expect(await talk.echoes(10)).toBe(false)
  })

  it('leaves what guests ask of their router alone', async () => {
    expect(await three.can('ping', '-c1', '-W2', '172.31.16.1')).toBe(true)
    expect(await three.dhcp()).toMatchObject({ ip: '172.31.16.10' })
  })
})
