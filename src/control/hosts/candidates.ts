import { sql } from 'kysely'
import type { Candidate } from '../../scheduler/place.ts'
import type { Reader } from '../../store/store.ts'

/** Memory that each guest costs its host beside its own: QEMU itself. Guess: measured 40 to 60 MiB without KVM. */
export const overheadMiB = 48

export interface HostRoom extends Candidate {
  readonly memoryMiB: number
}

/** What each connected host has free; or so many hosts of one zone, the emptiest first. An instance holds its claim until its host has forgotten it. */
export function candidates(reader: Reader, only?: { zone: string; most: number }): Promise<HostRoom[]> {
  const domains = sql<number>`coalesce("hostClaims".domains, 0)`
  const free = sql<number>`hosts."memoryMib" - coalesce("hostClaims"."memoryMib", 0) - ${domains} * ${sql.lit(overheadMiB)}`
  const all = reader.db
    .selectFrom('hosts')
    .leftJoin('hostClaims', 'hostClaims.hostId', 'hosts.id')
    .select(['hosts.id as host', 'hosts.zone', 'hosts.memoryMib as memoryMiB'])
    .select([domains.as('domains'), free.as('freeMemoryMiB')])
    .where('hosts.connected', '=', 1)
    .where('hosts.isEdge', '=', 0)
  const emptiest = ({ zone, most }: { zone: string; most: number }) =>
    all.where('hosts.zone', '=', zone).orderBy(free, 'desc').orderBy(domains).orderBy('hosts.id').limit(most)
  return (only ? emptiest(only) : all).execute()
}
