import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openStore } from './open.ts'
import { nextNumber } from './sequences.ts'
import { rollback, type Store, type Transaction } from './store.ts'

/** A transaction: what it counts up, how it ends, and how many turns of the event loop it comes after the one before. */
const transaction = fc.record({
  counts: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }),
  end: fc.constantFrom('keep', 'throw', 'roll back'),
  after: fc.constantFrom(0, 0, 0, 1, 3),
})
type Plan = { readonly counts: readonly string[]; readonly end: string; readonly after: number }

test('transactions that are committed together have the effect of one after another', async () => {
  const store = await openStore(':memory:')
  const property = fc.asyncProperty(fc.array(transaction, { maxLength: 100 }), (plans) => compare(store, plans))
  await fc.assert(property, { numRuns: 60 })
  await store.close()
})

async function compare(store: Store, plans: readonly Plan[]): Promise<void> {
  await store.transact((tx) => tx.db.deleteFrom('sequences').execute())
  const answers: Promise<unknown>[] = []
  const told: number[] = []
  for (const [index, plan] of plans.entries()) {
    for (let turns = 0; turns < plan.after; turns++) await turn()
    const work = (tx: Transaction) => {
      tx.afterCommit(() => told.push(index))
      return carryOut(tx, plan)
    }
    answers.push(store.transact(work).catch((thrown: unknown) => thrown))
  }
  const model = new Map<string, number>()
  expect(await Promise.all(answers)).toEqual(plans.map((plan) => expected(model, plan)))
  expect(told).toEqual([...plans.keys()].filter((index) => plans[index]?.end === 'keep'))
  const rows = await store.read((it) => it.db.selectFrom('sequences').selectAll().execute())
  expect(new Map(rows.map((row) => [row.name, row.value]))).toEqual(model)
}

async function carryOut(tx: Transaction, { counts, end }: Plan) {
  const seen: number[] = []
  for (const name of counts) seen.push(await nextNumber(tx, name))
  if (end === 'throw') throw new Error(seen.join())
  return end === 'roll back' ? rollback(seen) : seen
}

/** The same on a map. */
function expected(model: Map<string, number>, { counts, end }: Plan): unknown {
  const changed = new Map(model)
  const seen = counts.map((name) => {
    changed.set(name, (changed.get(name) ?? 0) + 1)
    return changed.get(name)
  })
  if (end === 'keep') for (const [name, value] of changed) model.set(name, value)
  return end === 'throw' ? new Error(seen.join()) : seen
}
