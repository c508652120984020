import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RouterSpec, RuleSpec } from '../../../host-api/spec.ts'
import { tapName } from './names.ts'
import { routerRules } from './router-rules.ts'
import type { Table } from './ruleset.ts'
import { arbitraryRouter } from './testing/arbitrary-specs.ts'
import { judge, type Packet, says } from './testing/judge.ts'
import { group, groupSpec, open, otherGroup, router, vif, vifId } from './testing/specs.ts'

const ip = (...args: Parameters<typeof router>) => routerRules(router(...args))['inet router']!
const tableWith = (...rules: RuleSpec[]) => ip([vif(1)], { groups: [groupSpec([vif(1)], rules)] })

const chain = `${group}-ingress`
const accepts = (table: Table, packet: Packet) => judge(table, chain, packet).accepted

describe('a rule of a group', () => {
  const from = (cidr: string) => ({ direction: 'ingress', peer: { cidr } }) as const
  const everywhere = from('0.0.0.0/0')
  const packet = (protocol: number, port = 0, code = 0): Packet => ({ protocol, port, code, peer: '192.0.2.1' })
  it.each<[string, RuleSpec, Packet, Packet[]]>([
    ['TCP ports', open(22), packet(6, 22), [packet(6, 23), packet(17, 22)]],
    ['a range', { ...everywhere, protocol: 17, range: { from: 20, to: 30 } }, packet(17, 25), [packet(17, 31)]],
    ['every port', { ...everywhere, protocol: 6, range: { from: 0, to: 65_535 } }, packet(6, 9), [packet(17, 9)]],
    ['every protocol', { ...everywhere, protocol: 'all' }, packet(99), []],
    ['all of a protocol', { ...everywhere, protocol: 50 }, packet(50), [packet(51)]],
    ['all ICMP', { ...everywhere, protocol: 1, range: { from: -1, to: -1 } }, packet(1, 3, 1), [packet(6, 3)]],
    ['an ICMP type', { ...everywhere, protocol: 1, range: { from: 8, to: -1 } }, packet(1, 8, 7), [packet(1, 3)]],
    ['type and code', { ...everywhere, protocol: 1, range: { from: 3, to: 4 } }, packet(1, 3, 4), [packet(1, 3, 5)]],
    [
      'a type of ICMP for IPv6',
      { ...from('::/0'), protocol: 58, range: { from: 128, to: -1 } },
      { ...packet(58, 128), peer: '2001:db8::1' },
      [packet(1, 128)],
    ],
  ])('may name %s', (_what, rule, let_in, left_out) => {
    expect(accepts(tableWith(rule), let_in)).toBe(true)
    for (const it of left_out) expect(accepts(tableWith(rule), it)).toBe(false)
  })

  it('shares a set with the others of its protocol, without networks inside others', () => {
    const table = tableWith(open(22, '10.1.0.0/16'), open(22, '10.0.0.1/8'), open(80, '192.0.2.0/24'))
    expect(table.sets[`${chain}-6`]!.elements).toEqual(['22 . 10.0.0.0/8', '80 . 192.0.2.0/24'])
  })

  it('holds networks of IPv6 against IPv6 alone, and 0.0.0.0/0 against IPv4', () => {
    const table = tableWith(open(22, '2001:db8:1::/48'), open(22, '2001:db8::1/32'))
    expect(table.sets[`${chain}-6-v6`]!.elements).toEqual(['22 . 2001:db8::/32'])
    expect(accepts(tableWith(open(22)), { ...packet(6, 22), peer: '2001:db8::1' })).toBe(false)
    expect(accepts(tableWith(open(22, '::/0')), packet(6, 22))).toBe(false)
  })

  it('lets nothing in for a group that nobody told of', () => {
    const table = tableWith({ direction: 'ingress', protocol: 'all', peer: { group: otherGroup } })
    expect(table.chains[chain]!.rules).toEqual([])
  })

  it('names a group by the sets of its members', () => {
    const rules = [{ direction: 'ingress', protocol: 'all', peer: { group } }] as const
    const groups = [{ ...groupSpec([vif(1)], rules), members: ['172.31.0.10', '2001:db8::10'] }]
    const table = ip([vif(1)], { groups })
    expect(table.chains[chain]!.rules).toEqual([
      `ip saddr @${group}-members accept`,
      `ip6 saddr @${group}-members-v6 accept`,
    ])
    expect(table.sets[`${group}-members-v6`]!.elements).toEqual(['2001:db8::10'])
  })

  it('lets in what it says, whatever other rules there are', () => {
    fc.assert(
      fc.property(arbitraryRouter, arbitraryPacket, (spec, it) => {
        const table = routerRules(spec)['inet router']!
        for (const { id, rules } of spec.groups.filter((known) =>
          spec.vifs.some((vif) => vif.groups.includes(known.id)),
        )) {
          for (const direction of ['ingress', 'egress'] as const) {
            const expected = rules
              .filter((rule) => rule.direction === direction)
              .some((rule) => says(rule, it, membersIn(spec, rule)))
            expect(judge(table, `${id}-${direction}`, it).accepted).toBe(expected)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('costs a packet the same few steps, however many there are', () => {
    const rules = Array.from({ length: 500 }, (_, n) => open(1000 + n, `10.0.${n % 250}.0/24`))
    const table = tableWith(...rules)
    expect(judge(table, chain, { protocol: 6, port: 1250, peer: '10.0.0.7' })).toEqual({ accepted: true, rules: 2 })
    expect(judge(table, chain, { protocol: 6, port: 1250, peer: '10.0.1.7' })).toEqual({ accepted: false, rules: 2 })
  })
})

const arbitraryPacket: fc.Arbitrary<Packet> = fc.record({
  protocol: fc.constantFrom(6, 17, 1, 58, 50),
  port: fc.constantFrom(3, 8, 21, 22, 80, 85, 443),
  code: fc.constantFrom(0, 1),
  peer: fc.constantFrom('172.31.0.10', '172.31.0.12', '10.1.2.3', '10.9.9.9', '2001:db8::14', '2001:db8::99', '::9'),
})

function membersIn({ groups }: RouterSpec, { peer }: RuleSpec): readonly string[] {
  return 'group' in peer ? (groups.find((it) => it.id === peer.group)?.members ?? []) : []
}

describe('a guest', () => {
  const led = (table: Table, n: number, map: 'from' | 'to') => {
    const found = table.sets[map]!.elements.find((it) => it.startsWith(`"${tapName(vifId(n))}" : goto `))!
    return table.chains[found.slice(found.indexOf('goto ') + 5)]!.rules
  }

  it('without groups, or with groups that nobody told of, is closed', () => {
    const table = ip([vif(1, { groups: [] }), vif(2, { groups: [otherGroup] })], { groups: [] })
    expect([led(table, 1, 'to'), led(table, 2, 'from')]).toEqual([[], []])
  })

  it('has the rules of all its groups', () => {
    const vifs = [vif(1, { groups: [otherGroup, group] }), vif(2)]
    const table = ip(vifs, { groups: [groupSpec(vifs, []), groupSpec(vifs, [], otherGroup)] })
    expect(led(table, 1, 'to')).toEqual([`jump ${group}-ingress`, `jump ${otherGroup}-ingress`])
    expect(led(table, 2, 'to')).toEqual([`jump ${group}-ingress`])
  })

  it('costs a few elements and no chain, however many there are', () => {
    const size = (n: number) => ip(Array.from({ length: n }, (_, index) => vif(index + 1)))
    expect(size(40).chains).toEqual(size(1).chains)
  })
})
