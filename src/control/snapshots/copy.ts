import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import type { SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { SnapshotRow } from '../../store/tables/volumes.ts'
import { createSnapshot, type NewSnapshot, snapshotHost } from './create.ts'

/** A snapshot that is copied, and its region where that is another. */
export type CopiedSnapshot = SnapshotRow & { readonly region?: string }

/** Makes a snapshot that holds what this one does. Refuses keys between regions: what is encrypted is so by a key of its region. */
export async function copyOf(
  context: { readonly tx: Transaction; readonly now: Date; readonly random: Random },
  { region, ...source }: CopiedSnapshot,
  copy: Pick<NewSnapshot, 'account' | 'description' | 'keyId'>,
): Promise<SnapshotId> {
  const of = { snapshot: source.id, sizeGiB: source.sizeGib }
  if (region === undefined)
    return createSnapshot(context, {
      ...{ ...copy, host: source.hostId, sizeGiB: of.sizeGiB },
      of: { kind: 'snapshot', snapshot: of.snapshot },
    })
  if (source.keyId || copy.keyId)
    refuse('UnsupportedOperation', {
      message: source.keyId
        ? `The snapshot ${source.id} is encrypted by a key of ${region}, and cannot leave it.`
        : 'Between regions nothing is encrypted: copy it, and then the copy, here, with Encrypted.',
    })
  return createSnapshot(context, {
    ...{ ...copy, host: await snapshotHost(context.tx), sizeGiB: of.sizeGiB },
    of: { kind: 'region', region, snapshot: of.snapshot },
  })
}
