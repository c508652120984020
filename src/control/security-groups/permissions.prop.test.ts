import fc from 'fast-check'
import { expect, test } from 'vitest'
import { authorize, type References, revoke, rulesAsked } from './permissions.ts'
import { canonical, type Peer, permissionsOf, type Rule, ruleSpecsOf } from './rule.ts'

const resolve: References = {
  group: ({ GroupId, UserId }) => ({ group: GroupId as `sg-${string}`, account: UserId ?? '' }),
  prefixList: (id) => ({ prefixList: id as `pl-${string}` }),
}
const again = (rules: readonly Rule[]) => rulesAsked('ingress', { IpPermissions: permissionsOf(rules) }, resolve)

const ports = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 65_526 }))
  .map(([more, from]) => ({ from, to: from + more }))
const icmp = fc.oneof(
  fc.constant({ from: -1, to: -1 }),
  fc.record({ from: fc.integer({ min: 0, max: 255 }), to: fc.integer({ min: -1, max: 255 }) }),
)
const traffic = fc.oneof(
  fc.record({ protocol: fc.constantFrom(6, 17), range: ports }),
  fc.record({ protocol: fc.constantFrom(1, 58), range: icmp }),
  fc.record({
    protocol: fc.oneof(fc.constant('all' as const), fc.integer({ min: 59, max: 255 }), fc.constantFrom(0, 2, 47, 50)),
  }),
)
const peer: fc.Arbitrary<Peer> = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((it): Peer => ({ cidr: `10.${it}.0.0/16` })),
  fc.integer({ min: 1, max: 255 }).map((it): Peer => ({ cidr: `2001:db8:${it.toString(16)}::/48` })),
  fc.integer({ min: 1, max: 9 }).map((it): Peer => ({ group: `sg-0000000${it}`, account: '111122223333' })),
)
const rule: fc.Arbitrary<Rule> = fc
  .tuple(traffic, peer, fc.option(fc.stringMatching(/^[a-zA-Z0-9. _:/]{1,20}$/), { nil: undefined }))
  .map(([it, to, description]) => ({
    direction: 'ingress',
    ...it,
    peer: to,
    ...(description !== undefined && { description }),
  }))
const rules = fc.uniqueArray(rule, { selector: canonical, maxLength: 30 })
const some = rules.filter((it) => it.length > 0)
const sorted = (it: readonly Rule[]) => [...it].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1))

test('grouping and splitting again gives the same rules', () => {
  fc.assert(
    fc.property(some, (it) => {
      expect(sorted(again(it))).toEqual(sorted(it))
    }),
  )
})

test('grouping what was split gives the same permissions', () => {
  fc.assert(
    fc.property(some, (it) => {
      expect(permissionsOf(again(it))).toEqual(permissionsOf(again(again(it))))
    }),
  )
})

test('no two permissions have the same protocol and ports', () => {
  fc.assert(
    fc.property(rules, (it) => {
      const heads = permissionsOf(it).map(({ IpProtocol, FromPort, ToPort }) => `${IpProtocol} ${FromPort} ${ToPort}`)
      expect(new Set(heads).size).toBe(heads.length)
    }),
  )
})

test('authorising and revoking leaves what was there', () => {
  fc.assert(
    fc.property(rules, fc.nat(), (it, cut) => {
      const [before, wanted] = [it.slice(0, cut % (it.length + 1)), it.slice(cut % (it.length + 1))]
      const { kept, revoked, unknown } = revoke(authorize(before, wanted), wanted)
      expect([kept, revoked, unknown]).toEqual([before, wanted, []])
    }),
  )
})

test('revoking twice revokes nothing the second time', () => {
  fc.assert(
    fc.property(rules, rules, (existing, unwanted) => {
      const first = revoke(existing, unwanted)
      expect(revoke(first.kept, unwanted)).toEqual({ kept: first.kept, revoked: [], unknown: unwanted })
    }),
  )
})

test('any address of a network names the same network', () => {
  const address = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const text = (it: number) => [24, 16, 8, 0].map((shift) => (it >>> shift) & 255).join('.')
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 32 }), fc.nat(), (it, prefix, noise) => {
      const size = 2 ** (32 - prefix)
      const first = Math.floor(it / size) * size
      const IpRanges = [{ CidrIp: `${text(first + (noise % size))}/${prefix}` }]
      const [found] = rulesAsked('ingress', { IpPermissions: [{ IpProtocol: '-1', IpRanges }] }, resolve)
      expect(found?.peer).toEqual({ cidr: `${text(first)}/${prefix}` })
    }),
  )
})

test('hosts are told every rule', () => {
  fc.assert(
    fc.property(rule, (it) => {
      const { direction, protocol } = it
      expect(ruleSpecsOf(it, new Map())).toMatchObject('prefixList' in it.peer ? [] : [{ direction, protocol }])
    }),
  )
})
