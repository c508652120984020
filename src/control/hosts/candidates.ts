import type { Candidate } from '../../scheduler/place.ts'
import type { Reader } from '../../store/store.ts'

/** Memory that each guest costs its host beside its own: QEMU itself. Guess: measured 40 to 60 MiB without KVM. */
export const overheadMiB = 48

export interface HostRoom extends Candidate {
  readonly memoryMiB: number
}

/** What each connected host has free. An instance holds its claim until its host has forgotten it. */
export async function candidates(reader: Reader): Promise<HostRoom[]> {
  const rows = await reader.db
    .selectFrom('hosts')
    .leftJoin('instances', 'instances.hostId', 'hosts.id')
    .select(['hosts.id', 'hosts.zone', 'hosts.memoryMib'])
    .select((eb) => [
      eb.fn.count<number>('instances.id').as('domains'),
      eb.fn.sum<number | null>('instances.memoryMib').as('claimed'),
    ])
    .where('hosts.connected', '=', 1)
    .where('hosts.isEdge', '=', 0)
    .groupBy(['hosts.id', 'hosts.zone', 'hosts.memoryMib'])
    .execute()
  return rows.map(({ id, zone, memoryMib, domains, claimed }) => ({
    host: id,
    zone,
    domains,
    memoryMiB: memoryMib,
    freeMemoryMiB: memoryMib - (claimed ?? 0) - domains * overheadMiB,
  }))
}
