/** What the rest of the control plane says to strands, always inside a transaction of its own. */
import { Fault } from '../base/fault.ts'
import { deleteRows, insertRow, prepared, rowWhere } from '../store/prepared.ts'
import type { Reader, Transaction } from '../store/store.ts'
import type { Machine } from './machine.ts'

/** The store's channel on which subjects of strands to be looked at are told. */
export const strandChannel = 'strands'

/** Begins a strand of this machine for `subject`. Refuses a subject that has one. */
export async function startStrand<Self, Payload, Services>(
  tx: Transaction,
  machine: Machine<Self, Payload, Services>,
  subject: string,
  ...[payload]: undefined extends Payload ? [payload?: Payload] : [payload: Payload]
): Promise<void> {
  if (await hasStrand(tx, subject)) throw new Fault(`${subject} has a strand already`)
  const kind = machine.steps[machine.start]?.kind ?? 'decide'
  const row = { subject, machine: machine.name, step: machine.start, kind, payload: asJson(payload), wakeAt: 0 }
  await insertRow(tx, 'strands', { ...row, lease: 0, attempts: 0, ending: 0 })
  tx.notify(strandChannel, subject)
}

/** Whether a strand looks after `subject`. */
export async function hasStrand(reader: Reader, subject: string): Promise<boolean> {
  return (await rowWhere(reader, 'strands', { subject })) !== undefined
}

/** Raises a signal and wakes the strand. It stays pending until a step takes it. False where there is no strand. */
export async function signal(tx: Transaction, subject: string, name: string): Promise<boolean> {
  if (!(await wake(tx, subject))) return false
  await raise(tx, subject, name)
  return true
}

const raise = prepared((db, subject: string, name: string) =>
  db
    .insertInto('signals')
    .values({ subject, name })
    .onConflict((it) => it.doNothing()),
)

/** Sends the strand to its machine's teardown, whatever it does now; an act under way is aborted. False where there is none. */
export async function destroy(tx: Transaction, subject: string): Promise<boolean> {
  if (!(await wake(tx, subject))) return false
  await tx.db.updateTable('strands').set({ ending: 1 }).where('subject', '=', subject).where('ending', '=', 0).execute()
  return true
}

/** Raises the signal `name` for `subject` at that moment. Replaces an earlier one of that name; `undefined` removes it. */
export async function setDeadline(tx: Transaction, subject: string, name: string, at: Date | undefined): Promise<void> {
  await deleteRows(tx, 'deadlines', { subject, name })
  if (!at) return
  await insertRow(tx, 'deadlines', { subject, name, at: at.getTime() })
  tx.notify(strandChannel, subject)
}

/** Lets the strand's step run now. */
async function wake(tx: Transaction, subject: string): Promise<boolean> {
  const woken = await makeDue(tx, subject)
  if (woken.length === 0) return false
  tx.notify(strandChannel, subject)
  return true
}

const makeDue = prepared((db, subject: string) =>
  db.updateTable('strands').set({ wakeAt: 0 }).where('subject', '=', subject).returning('subject'),
)

/** A payload as its column holds it. */
export function asJson(payload: unknown): string {
  return JSON.stringify(payload ?? null)
}
