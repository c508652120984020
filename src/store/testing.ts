import { type CompiledQuery, DummyDriver, Kysely } from 'kysely'
import type { Database } from './schema.ts'
import { dialect } from './sqlite.ts'
import type { Reader } from './store.ts'

/** A reader that puts each query into `queries` before it asks `reader`. */
export function noting({ db }: Reader, queries: CompiledQuery[]): Reader {
  const executor = db.getExecutor()
  const noted: typeof executor = new Proxy(executor, {
    get(_, name: keyof typeof executor) {
      if (name !== 'executeQuery')
        return executor[name] instanceof Function ? executor[name].bind(executor) : executor[name]
      return (query: CompiledQuery) => {
        queries.push(query)
        return executor.executeQuery(query)
      }
    },
  })
  return { db: new Kysely<Database>({ config: { dialect }, dialect, driver: new DummyDriver(), executor: noted }) }
}

/** The tables that the queries name. */
export function tablesOf(queries: readonly CompiledQuery[]): Set<string> {
  return new Set(queries.flatMap((it) => tablesIn(it.query)))
}

function tablesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { kind, table } = node as { kind?: string; table?: { identifier?: { name: string } } }
  const own = kind === 'TableNode' && table?.identifier ? [table.identifier.name] : []
  return [...own, ...Object.values(node).flatMap(tablesIn)]
}
