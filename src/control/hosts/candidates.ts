import { sql } from 'kysely'
import type { Candidate } from '../../scheduler/place.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader } from '../../store/store.ts'

/** Memory that each guest costs its host beside its own: QEMU itself. Guess: measured 40 to 60 MiB without KVM. */
export const overheadMiB = 48

export interface HostRoom extends Candidate {
  readonly memoryMiB: number
}

/** What each connected host has free; or so many hosts of one zone, the emptiest first. An instance holds its claim until its host has forgotten it. */
export function candidates(reader: Reader, only?: { zone: string; most: number }): Promise<HostRoom[]> {
  return only ? emptiest(reader, only.zone, only.most) : all(reader)
}

/** In the words of the index on it. */
const free = sql<number>`"memoryMib" - "claimedMib" - domains * ${sql.lit(overheadMiB)}`

function connected(db: Reader['db']) {
  return db
    .selectFrom('hosts')
    .select(['id as host', 'zone', 'memoryMib as memoryMiB', 'domains', free.as('freeMemoryMiB')])
    .where('connected', '=', sql.lit(1))
    .where('isEdge', '=', sql.lit(0))
}

const all = prepared((db) => connected(db))
const emptiest = prepared((db, zone: string, most: number) =>
  connected(db).where('zone', '=', zone).orderBy(free, 'desc').orderBy('domains').orderBy('id').limit(most),
)
