import { findSnapshot, type SharedSnapshot } from '../../control/snapshots/find.ts'
import { refuse } from '../../model/errors.ts'
import type { Context } from '../action.ts'

/** The snapshot, if the account owns it; refuses one that it may only make volumes of. */
export async function ownSnapshot({ tx, caller }: Context, id: string): Promise<SharedSnapshot> {
  const snapshot = await findSnapshot(tx, caller.account, id)
  if (snapshot.accountId !== caller.account) refuse('UnauthorizedOperation')
  return snapshot
}

/** Refuses an attribute other than the one that snapshots of this cloud have to be changed. */
export function refuseOtherAttributes(attribute: string | undefined): void {
  if (attribute !== undefined && attribute !== 'createVolumePermission')
    refuse('InvalidParameterValue', { message: `Value (${attribute}) for parameter attribute is invalid.` })
}
