import { describe, expect, it } from 'vitest'
import type { RuleSpec } from '../../../host-api/spec.ts'
import { routerRules } from './router-rules.ts'
import { group, groupSpec, open, otherGroup, router, vif } from './testing/specs.ts'

const ip = (...args: Parameters<typeof router>) => routerRules(router(...args))['inet router']!
const ingress = (...rules: RuleSpec[]) =>
  ip([vif(1)], { groups: [groupSpec([vif(1)], rules)] }).chains[`${group}-ingress`]!.rules

describe('a rule of a group', () => {
  const from = (cidr: string) => ({ direction: 'ingress', peer: { cidr } }) as const
  it.each<[string, RuleSpec, string]>([
    ['TCP ports', open(22), 'meta l4proto 6 th dport 22-22 accept'],
    ['every protocol', { ...from('0.0.0.0/0'), protocol: 'all' }, 'accept'],
    ['all of a protocol', { ...from('0.0.0.0/0'), protocol: 50 }, 'meta l4proto 50 accept'],
    ['all ICMP', { ...from('0.0.0.0/0'), protocol: 1, range: { from: -1, to: -1 } }, 'meta l4proto 1 accept'],
    ['an ICMP type', { ...from('0.0.0.0/0'), protocol: 1, range: { from: 8, to: -1 } }, 'icmp type 8 accept'],
    [
      'type and code',
      { ...from('0.0.0.0/0'), protocol: 1, range: { from: 3, to: 4 } },
      'icmp type 3 icmp code 4 accept',
    ],
  ])('may name %s', (_what, rule, expected) => {
    expect(ingress(rule)).toEqual([expected])
  })

  it('shares a line and a set of networks with those of the same ports, without networks inside others', () => {
    const rules = [open(22, '10.1.0.0/16'), open(22, '10.0.0.1/8'), open(22, '192.0.2.0/24')]
    const table = ip([vif(1)], { groups: [groupSpec([vif(1)], rules)] })
    expect(table.chains[`${group}-ingress`]!.rules).toEqual([
      `meta l4proto 6 th dport 22-22 ip saddr @${group}-ingress-6-22-22 accept`,
    ])
    expect(table.sets[`${group}-ingress-6-22-22`]!.elements).toEqual(['10.0.0.0/8', '192.0.2.0/24'])
  })

  it('lets nothing in for a network of IPv6 or a group that nobody told of', () => {
    expect(ingress(open(22, '2001:db8::/32'))).toEqual([])
    expect(ingress({ direction: 'ingress', protocol: 'all', peer: { group: otherGroup } })).toEqual([])
  })

  it('names a group by the set of its members', () => {
    expect(ingress({ direction: 'ingress', protocol: 'all', peer: { group } })).toEqual([
      `ip saddr @${group}-members accept`,
    ])
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
