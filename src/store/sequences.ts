import { prepared } from './prepared.ts'
import type { Transaction } from './store.ts'

/** The next number of the sequence `name`: 1, 2, 3 … A transaction that rolls back gives its numbers back. */
export async function nextNumber(tx: Transaction, name: string): Promise<number> {
  const [row] = await grow(tx, name)
  return row!.value // made, where it was not there
}

const grow = prepared((db, name: string) =>
  db
    .insertInto('sequences')
    .values({ name, value: 1 })
    .onConflict((it) => it.column('name').doUpdateSet((eb) => ({ value: eb('sequences.value', '+', 1) })))
    .returning('value'),
)
