import { describe, expect, it } from 'vitest'
import { coveragePage, groupOf } from '../../scripts/coverage.ts'
import { groups } from '../../scripts/coverage-groups.ts'
import { loadModel } from '../../src/query/model/load.ts'
import { root, textOf } from './project.ts'

describe('docs/coverage.md', () => {
  it('says what is served now; if not: npm run coverage', async () => {
    expect(textOf('docs/coverage.md')).toBe(await coveragePage())
  }, 60_000)

  it('has no area without operations', async () => {
    const { operations } = await loadModel('ec2', `${root}/.cache`)
    const areas = new Set(Object.keys(operations).map(groupOf))
    expect(groups.map(([title]) => title).filter((it) => !areas.has(it))).toEqual([])
  })
})
