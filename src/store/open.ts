import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import { lockDirectory } from '../base/lock.ts'
import { type Log, silentLog } from '../base/log.ts'
import { GroupCommit } from './group-commit.ts'
import { hasAll, type Migration, migrate } from './migrate.ts'
import { migrations as known } from './migrations/all.ts'
import { Readers, SnapshotReader } from './snapshot-reader.ts'
import { type Connection, connect } from './sqlite.ts'
import type { Store } from './store.ts'

export interface StoreOptions {
  readonly clock?: Clock
  readonly log?: Log
  readonly migrations?: readonly Migration[]
}

/**
 * Opens the store in `directory`, which this process then owns, and brings its schema up to date. `:memory:` opens one
 * that ends with the process.
 */
export async function openStore(directory: string, options: StoreOptions = {}): Promise<Store> {
  await using opened = new AsyncDisposableStack()
  const writer = opened.adopt(openWriter(directory, opened), (it) => it.raw.close())
  await migrate(writer, options.migrations ?? known, options.clock ?? systemClock)
  const commits = new GroupCommit(writer, options.log ?? silentLog)
  const reads = directory === ':memory:' ? undefined : openReads(directory, opened)
  const nesting = new Nesting()
  const resources = opened.move()
  return {
    exclusive: true,
    transact: (work) => nesting.refuse(() => commits.transact((tx) => nesting.enter(() => work(tx)))),
    read: (work) => nesting.refuse(() => (reads ?? commits).read((reader) => nesting.enter(() => work(reader)))),
    watch: (columns) => commits.watch(columns),
    listen: (channel, hear) => commits.listen(channel, hear),
    async close() {
      await Promise.all([commits.close(), reads?.close()])
      await resources.disposeAsync()
    },
  }
}

/** A store that another process owns, as it looks from outside. */
export interface ForeignStore extends AsyncDisposable {
  /** Runs `work` on what is committed there at the moment, whether or not that process lives. */
  read: Store['read']
  /** Whether its rows are what this version's types say. */
  isOfThisVersion(): Promise<boolean>
}

/** Looks into the store in `directory`, whose owner goes on as if nobody did. Throws where there is none. */
export function openForeignStore(directory: string): ForeignStore {
  const connection = connect(join(directory, 'cumulet.db'), { foreign: true })
  const reader = new SnapshotReader(connection)
  return {
    read: (work) => reader.read(work),
    isOfThisVersion: () => reader.read(() => hasAll(connection, known)),
    async [Symbol.asyncDispose]() {
      await reader.close()
      connection.raw.close()
    },
  }
}

function openWriter(directory: string, opened: AsyncDisposableStack): Connection {
  if (directory === ':memory:') return connect(directory)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  opened.use(lockDirectory(directory))
  return connect(join(directory, 'cumulet.db'))
}

function openReads(directory: string, opened: AsyncDisposableStack): Readers {
  const open = () => connect(join(directory, 'cumulet.db'), { readOnly: true })
  const readers = Array.from(
    { length: readersAtOnce },
    () => new SnapshotReader(opened.adopt(open(), (it) => it.raw.close())),
  )
  return new Readers(readers)
}

/** One that reads all rows, as specs begin with, and one for the others. */
const readersAtOnce = 2

/** Refuses a transaction inside a transaction: it would wait for its own end. */
class Nesting {
  readonly #inside = new AsyncLocalStorage<true>()

  enter<T>(work: () => T): T {
    return this.#inside.run(true, work)
  }

  async refuse<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore()) throw new Fault('a transaction was begun inside a transaction')
    return await begin()
  }
}
