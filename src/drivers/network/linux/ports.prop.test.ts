import fc from 'fast-check'
import { expect, it } from 'vitest'
import { pieces } from './ports.ts'

const port = fc.integer({ min: 0, max: 12 })
const ranges = fc.array(
  fc.tuple(port, port, fc.constantFrom('a', 'b', 'c')).map(([one, other, of]) => ({
    ports: { from: Math.min(one, other), to: Math.max(one, other) },
    of,
  })),
)

it('pieces do not overlap, say of each port what was said of it, and are as few as can be', () => {
  fc.assert(
    fc.property(ranges, (said) => {
      const found = pieces(said)
      for (let n = 0; n <= 13; n++) {
        const expected = new Set(said.filter(({ ports }) => ports.from <= n && n <= ports.to).map((it) => it.of))
        const there = found.filter(({ ports }) => ports.from <= n && n <= ports.to)
        expect(new Set(there.flatMap((it) => it.of))).toEqual(expected)
        expect(there.length).toBe(expected.size > 0 ? 1 : 0)
      }
      for (const [index, it] of found.entries()) {
        const next = found[index + 1]
        if (next && it.ports.to + 1 === next.ports.from) expect(it.of.toSorted()).not.toEqual(next.of.toSorted())
      }
    }),
  )
})
