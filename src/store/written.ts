/**
 * Which rows were written, told by the database itself: whoever keeps in memory what rows say hears of every change, whatever made it.
 * Triggers of the writer's connection alone write keys into a table of its own, in the transaction and undone with it; nothing of it is on
 * disk.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Database } from './schema.ts'
import type { Watch, Watched, Written } from './store.ts'

/** Columns that change with whatever a host says or is given: a row is not written by that for those who watch. */
export const unwatched = {
  hosts: ['received', 'settled', 'troublesJson', 'domains', 'claimedMib'],
} as const satisfies { readonly [T in keyof Database]?: readonly (keyof Database[T])[] }

export class WriteWatch {
  readonly #raw: DatabaseSync
  readonly #watches = new Set<PendingWatch>()
  readonly #columns = new Set<Watched>()
  #noted: StatementSync | undefined

  constructor(raw: DatabaseSync) {
    this.#raw = raw
  }

  watch(columns: readonly Watched[]): Watch {
    if (this.#columns.size === 0) {
      this.#raw.exec('CREATE TEMP TABLE "written" ("place" text, "key" text)')
      this.#noted = this.#raw.prepare('SELECT DISTINCT "place", "key" FROM temp."written"')
    }
    for (const it of columns) if (!this.#columns.has(it)) this.#listenTo(it)
    const watch = new PendingWatch(columns, () => this.#watches.delete(watch))
    this.#watches.add(watch)
    return watch
  }

  /** Takes what the database has noted. Where this is undone, it is told once more. */
  collect(): void {
    const rows = this.#noted?.all() ?? []
    if (rows.length === 0) return
    this.#raw.exec('DELETE FROM temp."written"')
    for (const { place, key } of rows as { place: Watched; key: string }[])
      for (const it of this.#watches) it.note(place, key)
  }

  #listenTo(place: Watched): void {
    this.#columns.add(place)
    const [table, column] = place.split('.')
    const note = (row: 'old' | 'new', but = '') =>
      `INSERT INTO "written" SELECT '${place}', ${row}."${column}" WHERE ${row}."${column}" IS NOT NULL ${but};`
    const moved = note('old', `AND old."${column}" IS NOT new."${column}"`)
    const when = { INSERT: note('new'), UPDATE: `${note('new')} ${moved}`, DELETE: note('old') }
    for (const [event, notes] of Object.entries(when)) {
      const of = event === 'UPDATE' ? this.#watchedOf(table!) : '' // what is before the dot
      this.#raw.exec(
        `CREATE TEMP TRIGGER "written ${place} ${event}" AFTER ${event} ${of} ON main."${table}" BEGIN ${notes} END`,
      )
    }
  }

  #watchedOf(table: string): string {
    const but: readonly string[] = table in unwatched ? unwatched[table as keyof typeof unwatched] : []
    if (but.length === 0) return ''
    const columns = this.#raw.prepare('SELECT name FROM pragma_table_info(?)').all(table) as { name: string }[]
    return `OF ${columns.flatMap(({ name }) => (but.includes(name) ? [] : [`"${name}"`])).join(', ')}`
  }
}

class PendingWatch implements Watch {
  readonly #columns: ReadonlySet<Watched>
  readonly #end: () => void
  #pending = new Map<Watched, Set<string>>()

  constructor(columns: readonly Watched[], end: () => void) {
    this.#columns = new Set(columns)
    this.#end = end
  }

  note(place: Watched, key: string): void {
    if (!this.#columns.has(place)) return
    const keys = this.#pending.get(place) ?? new Set()
    this.#pending.set(place, keys.add(key))
  }

  take(): Written {
    const taken = this.#pending
    this.#pending = new Map()
    return taken
  }

  [Symbol.dispose](): void {
    this.#end()
  }
}
