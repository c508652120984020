import fc from 'fast-check'
import { expect, it } from 'vitest'
import { routerRules } from './router-rules.ts'
import { difference, digest, type Ruleset, whole } from './ruleset.ts'
import { arbitraryRouter } from './testing/arbitrary-specs.ts'
import { Nftables } from './testing/nftables.ts'

const arbitraryRules = arbitraryRouter.map(routerRules)

it('there is no difference between a ruleset and itself', () => {
  fc.assert(
    fc.property(arbitraryRules, (rules) => {
      expect(difference(rules, rules)).toEqual([])
    }),
  )
})

it('the difference leads from one ruleset to the other, and nothing in it refers to what is not there', () => {
  fc.assert(
    fc.property(arbitraryRules, arbitraryRules, (before, after) => {
      const tables = new Nftables()
      tables.carryOut(whole(before))
      tables.carryOut(difference(before, after))
      expect(tables.state()).toEqual(stateOf(after))
    }),
  )
})

it('loading a ruleset whole leads to it from anywhere', () => {
  fc.assert(
    fc.property(arbitraryRules, arbitraryRules, (before, after) => {
      const tables = new Nftables()
      tables.carryOut(whole(before))
      tables.carryOut(whole(after))
      expect(tables.state()).toEqual(stateOf(after))
    }),
  )
})

it('rulesets with the same digest are the same', () => {
  fc.assert(
    fc.property(arbitraryRules, arbitraryRules, (one, other) => {
      expect(digest(one) === digest(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
    }),
  )
})

it('the order in which a spec lists guests and groups changes no rule', () => {
  fc.assert(
    fc.property(arbitraryRouter, (spec) => {
      const turned = { ...spec, vifs: spec.vifs.toReversed(), groups: spec.groups.toReversed() }
      expect(difference(routerRules(spec), routerRules(turned))).toEqual([])
    }),
  )
})

function stateOf(rules: Ruleset) {
  const tables = new Nftables()
  tables.carryOut(whole(rules))
  return tables.state()
}
