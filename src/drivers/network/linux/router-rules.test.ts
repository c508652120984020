import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RuleSpec } from '../../../host-api/spec.ts'
import { routerRules } from './router-rules.ts'
import type { Table } from './ruleset.ts'
import { group, groupSpec, open, otherGroup, router, vif } from './testing/specs.ts'

const ip = (...args: Parameters<typeof router>) => routerRules(router(...args))['inet router']!
const tableWith = (...rules: RuleSpec[]) => ip([vif(1)], { groups: [groupSpec([vif(1)], rules)] })

/** The lines that a packet of this protocol and port meets in the group's chain, as nft would lead it there. */
function met(table: Table, protocol: number, port = 0): string[] {
  const follow = (chain: string): string[] => (table.chains[chain]?.rules ?? []).flatMap((rule) => lead(rule))
  const lead = (rule: string): string[] => {
    const [, key, name] = /^(meta l4proto|th dport) vmap @(.+)$/.exec(rule) ?? []
    if (name === undefined) return [rule]
    const wanted = key === 'th dport' ? port : protocol
    const verdict = table.sets[name]!.elements.find((it) => holds(it.split(' : ')[0]!, wanted))?.split(' : ')[1]
    return verdict === undefined ? [] : verdict.startsWith('jump ') ? follow(verdict.slice(5)) : [verdict]
  }
  return follow(`${group}-ingress`)
}

function holds(key: string, value: number): boolean {
  const [from, to = from] = key.split('-').map(Number)
  return from! <= value && value <= to!
}

describe('a rule of a group', () => {
  const from = (cidr: string) => ({ direction: 'ingress', peer: { cidr } }) as const
  const four = 'meta nfproto ipv4 accept'
  const everywhere = from('0.0.0.0/0')
  it.each<[string, RuleSpec, number, number, string]>([
    ['TCP ports', open(22), 6, 22, four],
    ['a range of ports', { ...everywhere, protocol: 17, range: { from: 20, to: 30 } }, 17, 25, four],
    ['every port', { ...everywhere, protocol: 6, range: { from: 0, to: 65_535 } }, 6, 1, four],
    ['every protocol', { ...everywhere, protocol: 'all' }, 99, 0, four],
    ['all of a protocol', { ...everywhere, protocol: 50 }, 50, 0, four],
    ['all ICMP', { ...everywhere, protocol: 1, range: { from: -1, to: -1 } }, 1, 0, four],
    ['an ICMP type', { ...everywhere, protocol: 1, range: { from: 8, to: -1 } }, 1, 0, `icmp type 8 ${four}`],
    [
      'type and code',
      { ...everywhere, protocol: 1, range: { from: 3, to: 4 } },
      1,
      0,
      `icmp type 3 icmp code 4 ${four}`,
    ],
    [
      'a type of ICMP for IPv6',
      { ...from('::/0'), protocol: 58, range: { from: 128, to: -1 } },
      58,
      0,
      'icmpv6 type 128 meta nfproto ipv6 accept',
    ],
  ])('may name %s', (_what, rule, protocol, port, expected) => {
    expect(met(tableWith(rule), protocol, port)).toEqual([expected])
    expect(met(tableWith(rule), 77, port)).toEqual(rule.protocol === 'all' ? [expected] : [])
  })

  it('shares a line and a set of networks with those of the same ports, without networks inside others', () => {
    const table = tableWith(open(22, '10.1.0.0/16'), open(22, '10.0.0.1/8'), open(22, '192.0.2.0/24'))
    expect(met(table, 6, 22)).toEqual([`ip saddr @${group}-ingress-6-22-22 accept`])
    expect(table.sets[`${group}-ingress-6-22-22`]!.elements).toEqual(['10.0.0.0/8', '192.0.2.0/24'])
  })

  it('holds networks of IPv6 against IPv6 alone', () => {
    const table = tableWith(open(22, '2001:db8:1::/48'), open(22, '2001:db8::1/32'))
    expect(met(table, 6, 22)).toEqual([`ip6 saddr @${group}-ingress-6-22-22-v6 accept`])
    expect(table.sets[`${group}-ingress-6-22-22-v6`]!.elements).toEqual(['2001:db8::/32'])
    expect(met(tableWith(open(22, '::/0'), open(22)), 6, 22)).toEqual(['accept'])
  })

  it('lets nothing in for a group that nobody told of', () => {
    expect(met(tableWith({ direction: 'ingress', protocol: 'all', peer: { group: otherGroup } }), 6, 22)).toEqual([])
  })

  it('names a group by the sets of its members', () => {
    const rules = [{ direction: 'ingress', protocol: 'all', peer: { group } }] as const
    const groups = [{ ...groupSpec([vif(1)], rules), members: ['172.31.0.10', '2001:db8::10'] }]
    const table = ip([vif(1)], { groups })
    expect(met(table, 6, 22)).toEqual([`ip saddr @${group}-members accept`, `ip6 saddr @${group}-members-v6 accept`])
    expect(table.sets[`${group}-members-v6`]!.elements).toEqual(['2001:db8::10'])
  })

  it('leads a packet to the lines of its port, whatever ranges overlap there', () => {
    const service = fc.record({
      from: fc.nat(30),
      length: fc.constantFrom(0, 0, 1, 5, 20),
      n: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(service, { maxLength: 12 }), fc.nat(60), (services, port) => {
        const rules = services.map(
          ({ from: first, length, n }): RuleSpec => ({
            direction: 'ingress',
            protocol: 6,
            range: { from: first, to: first + length },
            peer: { cidr: `10.${n}.0.0/16` },
          }),
        )
        const expected = services
          .filter((it) => it.from <= port && port <= it.from + it.length)
          .map((it) => `ip saddr @${group}-ingress-6-${it.from}-${it.from + it.length} accept`)
        expect(met(tableWith(...rules), 6, port).sort()).toEqual([...new Set(expected)].sort())
      }),
    )
  })

  it('costs a packet the same few steps, however many there are', () => {
    const rules = Array.from({ length: 500 }, (_, n) => open(1000 + n, `10.0.${n % 250}.0/24`))
    expect(met(tableWith(...rules), 6, 1250)).toHaveLength(1)
    expect(tableWith(...rules).chains[`${group}-ingress-6`]!.rules).toHaveLength(1)
  })
})

describe('a guest', () => {
  it('without groups, or with groups that nobody told of, is closed', () => {
    const table = ip([vif(1, { groups: [] }), vif(2, { groups: [otherGroup] })], { groups: [] })
    expect(table.chains['ingress-t00000000000001']).toEqual({ rules: [] })
    expect(table.chains['egress-t00000000000002']).toEqual({ rules: [] })
  })

  it('has the rules of all its groups', () => {
    const vifs = [vif(1, { groups: [otherGroup, group] })]
    const table = ip(vifs, { groups: [groupSpec(vifs, []), groupSpec(vifs, [], otherGroup)] })
    expect(table.chains['ingress-t00000000000001']!.rules).toEqual([
      `jump ${group}-ingress`,
      `jump ${otherGroup}-ingress`,
    ])
  })

  it('costs the same few elements and three short chains, however many there are', () => {
    const size = (n: number) => ip(Array.from({ length: n }, (_, index) => vif(index + 1)))
    const rulesOf = (n: number) => Object.values(size(n).chains).flatMap((it) => it.rules).length
    expect(rulesOf(41) - rulesOf(40)).toBe(rulesOf(2) - rulesOf(1))
    expect(size(40).chains.ingress).toEqual(size(1).chains.ingress)
  })
})
