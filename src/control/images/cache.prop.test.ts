import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ImageId } from '../../model/ids.ts'
import { chooseEvictions, type Kept } from './cache.ts'

const size = fc.integer({ min: 0, max: 100 })
const kept = fc
  .array(fc.record({ bytes: size, usedAt: size, evictable: fc.boolean() }), { maxLength: 12 })
  .map((rows) => rows.map((it, index): Kept => ({ ...it, id: `ami-${index}` as ImageId })))
const arguments_ = [kept, size, fc.record({ limit: fc.integer({ min: 0, max: 300 }), free: size })] as const
const sum = (rows: readonly Kept[]) => rows.reduce((all, it) => all + it.bytes, 0)

test('what is in use, and what cannot be fetched again, never goes', () => {
  fc.assert(
    fc.property(...arguments_, (rows, need, room) => {
      const mayGo = new Set(rows.filter((it) => it.evictable).map((it) => it.id))
      expect(chooseEvictions(rows, need, room).filter((it) => !mayGo.has(it))).toEqual([])
    }),
  )
})

test('there is room afterwards, or nothing more that could go; and no more goes than that takes', () => {
  fc.assert(
    fc.property(...arguments_, (rows, need, room) => {
      const chosen = new Set(chooseEvictions(rows, need, room))
      const gone = rows.filter((it) => chosen.has(it.id))
      const fits = (freed: number) => sum(rows) - freed + need <= room.limit && need <= room.free + freed
      const left = rows.filter((it) => it.evictable && it.bytes > 0 && !chosen.has(it.id))
      expect(fits(sum(gone)) || left.length === 0).toBe(true)
      const last = gone.toSorted((a, b) => a.usedAt - b.usedAt || (a.id < b.id ? -1 : 1)).at(-1)
      if (last) expect(fits(sum(gone) - last.bytes)).toBe(false)
    }),
  )
})

test('the least recently used goes first', () => {
  fc.assert(
    fc.property(...arguments_, (rows, need, room) => {
      const chosen = new Set(chooseEvictions(rows, need, room))
      const newest = Math.max(-1, ...rows.filter((it) => chosen.has(it.id)).map((it) => it.usedAt))
      const older = rows.filter((it) => it.evictable && it.bytes > 0 && it.usedAt < newest && !chosen.has(it.id))
      expect(older).toEqual([])
    }),
  )
})
