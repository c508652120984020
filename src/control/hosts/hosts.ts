import type { HostId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'

export interface KnownHost {
  readonly id: HostId
  readonly zone: string
  readonly isEdge: boolean
  readonly underlayAddress: string
}

/**
 * Makes these the cloud's hosts. None is connected yet: what they offer they say themselves. What they shall do may be new to them, as launches may
 * not have been told to all when the process before ended.
 */
export async function ensureHosts(tx: Transaction, hosts: readonly KnownHost[]): Promise<void> {
  await tx.db
    .updateTable('hosts')
    .set((eb) => ({ connected: 0, generation: eb('generation', '+', 1) }))
    .execute()
  for (const { id, zone, isEdge, underlayAddress } of hosts) {
    const place = { zone, underlayAddress, isEdge: isEdge ? (1 as const) : (0 as const) }
    await tx.db
      .insertInto('hosts')
      .values({ ...nothingKnown, id, ...place })
      .onConflict((it) => it.column('id').doUpdateSet(place))
      .execute()
  }
}

const nothingKnown = {
  memoryMib: 0,
  cores: 0,
  diskGib: 0,
  accelerator: 'none',
  connected: 0,
  lost: 0,
  generation: 1,
  received: 0,
  settled: 0,
  troublesJson: '[]',
  domains: 0,
  claimedMib: 0,
} as const
