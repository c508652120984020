import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DropReason } from '../../../host-api/drops.ts'
import type { LinuxNetwork } from './driver.ts'
import { attemptsOf, honestly } from './testing/attempts.ts'
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

const who = ({ mac, address, ipv6 = [] }: typeof own) => ({ mac, address, address6: ipv6[0] ?? '' })
const honest = honestly(who(own), who(other))
const attempts = attemptsOf({ own: who(own), other: who(other), gateway: '172.31.0.1', resolver: '172.31.0.2' })

describe('a guest that sends', () => {
  let world: World
  let net: LinuxNetwork
  let forger: Forger
  let capture: Capture

  beforeAll(async () => {
    world = await World.raise()
    net = world.driver('h1')
    const { subnets } = router([])
    await net.program(
      router(vifs, {
        cidrs: ['172.31.0.0/16', '2001:db8::/56'],
        subnets: subnets.map((it) => ({ ...it, ipv6: { cidr: '2001:db8::/64', gateway: '2001:db8::1' } })),
        groups: [groupSpec(vifs, [...everythingIn, ...everythingOut])],
      }),
      never,
    )
    const guests = [await plugIn(own), await plugIn(other)]
    forger = await Forger.start(guests[0]!, honest) // two were plugged in
    capture = await Capture.start(guests[1]!, `ether dst ${other.mac} and not ip6 src host fe80::1`)
  })
  afterAll(async () => {
    await capture?.end()
    await forger?.[Symbol.asyncDispose]()
    await world?.[Symbol.asyncDispose]()
  })

  const plugIn = (it: typeof own): Promise<Guest> => world.guest(net.tapOf(vpc, it.id), it.mac)
  const count = (reason: DropReason) => drops(net, reason, own.id)

  it.each(attempts)('$what is not heard by anybody, and counted', async ({ frame, reason }) => {
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
