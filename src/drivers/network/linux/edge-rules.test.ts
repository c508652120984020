import fc from 'fast-check'
import { expect, it } from 'vitest'
import { edgeRules, zoneOf } from './edge-rules.ts'
import { comparable, difference } from './ruleset.ts'
import { edge } from './testing/specs.ts'

const rules = (...pairs: [string, string][]) =>
  edgeRules(
    edge(
      pairs.map(([publicAddress, privateAddress]) => ({ publicAddress, privateAddress })),
      [],
    ).networks[0]!,
  )

it('changes nothing but its maps when an address moves', () => {
  const before = rules(['203.0.113.1', '172.31.0.10'], ['203.0.113.2', '172.31.0.11'])
  const after = rules(['203.0.113.1', '172.31.0.12'], ['203.0.113.2', '172.31.0.11'])
  expect(comparable(before, after)).toBe(true)
  const commands = difference(before, after)
  expect(commands.every((it) => /^(add|delete) element ip edge /.test(it))).toBe(true)
  expect(commands.join('\n')).not.toContain('203.0.113.2')
})

it('knows errors by the address in them', () => {
  expect(rules(['203.0.113.1', '172.31.0.10'])['ip edge']?.sets['error-zone']?.elements[0]).toMatch(
    /^0xac1f000a : \d+$/,
  )
})

it('has a zone for every pair that conntrack takes, and not the default one', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), (publicAddress, privateAddress) => {
      const zone = zoneOf({ publicAddress, privateAddress })
      expect(zone).toBeGreaterThan(0)
      expect(zone).toBeLessThan(65_536)
    }),
  )
})
