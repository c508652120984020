import type { Selectable } from 'kysely'
import { prepared, rowsWhere, rowWhere, updateRows } from '../store/prepared.ts'
import type { Reader, Transaction } from '../store/store.ts'
import type { StrandTable } from '../store/tables/engine.ts'
import { strandChannel } from './calls.ts'
import type { BoundMachine } from './machine.ts'

export type StrandRow = Selectable<StrandTable>

export async function strandOf(reader: Reader, subject: string): Promise<StrandRow | undefined> {
  return rowWhere(reader, 'strands', { subject })
}

export async function change(tx: Transaction, subject: string, values: Partial<StrandRow>): Promise<void> {
  await updateRows(tx, 'strands', { subject }, values)
}

export async function signalsOf(reader: Reader, subject: string): Promise<Set<string>> {
  return new Set((await rowsWhere(reader, 'signals', { subject })).map((row) => row.name))
}

export interface Agenda {
  /** Subjects whose step is due, longest waiting first, by the kind of their step. */
  readonly due: Readonly<Record<StrandRow['kind'], readonly string[]>>
  readonly alarms: boolean
  /** The next moment at which something becomes due. */
  readonly next: number | null
}

/** What is to be done at `now`, at most so many of each kind, and when to look again. */
export async function agendaAt(reader: Reader, now: number, most: Record<StrandRow['kind'], number>): Promise<Agenda> {
  const alarm = await firstDeadline(reader)
  const alarms = alarm !== null && alarm <= now
  const moments = [alarms ? null : alarm, await nextOf(reader, 'decide', now), await nextOf(reader, 'act', now)]
  const known = moments.filter((it) => it !== null)
  const decide = await dueOf(reader, 'decide', now, most.decide)
  const act = await dueOf(reader, 'act', now, most.act)
  return { due: { decide, act }, alarms, next: known.length > 0 ? Math.min(...known) : null }
}

async function dueOf(reader: Reader, kind: StrandRow['kind'], now: number, most: number): Promise<string[]> {
  return most === 0 ? [] : (await dueRows(reader, kind, now, most)).map((row) => row.subject)
}

const dueRows = prepared((db, kind: StrandRow['kind'], now: number, most: number) =>
  db
    .selectFrom('strands')
    .select('subject')
    .where('kind', '=', kind)
    .where('wakeAt', '<=', now)
    .where('owner', 'is', null)
    .orderBy('wakeAt')
    .limit(most),
)

async function nextOf(reader: Reader, kind: StrandRow['kind'], now: number): Promise<number | null> {
  return (await nextRow(reader, kind, now))[0]?.at ?? null
}

const nextRow = prepared((db, kind: StrandRow['kind'], now: number) =>
  db
    .selectFrom('strands')
    .select((it) => it.fn.min('wakeAt').as('at'))
    .where('kind', '=', kind)
    .where('wakeAt', '>', now),
)

async function firstDeadline(reader: Reader): Promise<number | null> {
  return (await deadlineRow(reader))[0]?.at ?? null
}

const deadlineRow = prepared((db) => db.selectFrom('deadlines').select((it) => it.fn.min('at').as('at')))

/** Turns the deadlines that have passed into signals, a hundred at a time. */
export async function raiseAlarms(tx: Transaction, now: number): Promise<void> {
  const rows = await tx.db.selectFrom('deadlines').selectAll().where('at', '<=', now).orderBy('at').limit(100).execute()
  for (const { subject, name } of rows) {
    await tx.db.deleteFrom('deadlines').where('subject', '=', subject).where('name', '=', name).execute()
    await tx.db
      .insertInto('signals')
      .values({ subject, name })
      .onConflict((it) => it.doNothing())
      .execute()
    await change(tx, subject, { wakeAt: 0 })
    tx.notify(strandChannel, subject)
  }
}

/** Frees the acts whose holder is gone: those leased until before `now`, or all where their holder can be nobody alive. */
export async function freeLeases(tx: Transaction, before: number | 'all'): Promise<void> {
  const leased = tx.db
    .updateTable('strands')
    .set({ owner: null, leaseUntil: null, wakeAt: 0 })
    .where('owner', 'is not', null)
  await (before === 'all' ? leased : leased.where('leaseUntil', '<', before)).execute()
}

export async function renewLeases(tx: Transaction, owner: string, until: number): Promise<void> {
  await tx.db.updateTable('strands').set({ leaseUntil: until }).where('owner', '=', owner).execute()
}

/** Frees what is leased (see `freeLeases`), and corrects kinds of steps that another version of a machine left behind. */
export async function takeOver(
  tx: Transaction,
  machines: readonly BoundMachine[],
  expired: number | 'all',
): Promise<void> {
  await freeLeases(tx, expired)
  const steps = new Map(machines.map(({ machine }) => [machine.name, machine.steps]))
  const found = await tx.db.selectFrom('strands').select(['machine', 'step', 'kind']).distinct().execute()
  for (const { machine, step, kind } of found) {
    const known = steps.get(machine)?.[step]
    if (known && known.kind !== kind) await correctKind(tx, machine, step, known.kind)
  }
}

async function correctKind(tx: Transaction, machine: string, step: string, kind: StrandRow['kind']): Promise<void> {
  await tx.db
    .updateTable('strands')
    .set({ kind })
    .where('machine', '=', machine)
    .where('step', '=', step)
    .where('kind', '!=', kind)
    .execute()
}

/** A strand whose last attempts failed. It is being tried again. */
export interface Trouble {
  readonly subject: string
  readonly machine: string
  readonly step: string
  readonly attempts: number
  readonly message: string
  readonly since: Date
  readonly nextAttempt: Date | undefined
}

/** The strands in trouble, longest first. */
export async function troubles(reader: Reader): Promise<Trouble[]> {
  const rows = await reader.db
    .selectFrom('strands')
    .selectAll()
    .where('attempts', '>', 0)
    .orderBy('failingSince')
    .execute()
  return rows.map((row) => ({
    subject: row.subject,
    machine: row.machine,
    step: row.step,
    attempts: row.attempts,
    message: row.lastError ?? '',
    since: new Date(row.failingSince ?? 0),
    nextAttempt: row.wakeAt === null ? undefined : new Date(row.wakeAt),
  }))
}
