import { everybody, share } from '../../../control/snapshots/share.ts'
import { refuse } from '../../../model/errors.ts'
import type { Input } from '../../../query/types.ts'
import { action } from '../../action.ts'
import { ownSnapshot, refuseOtherAttributes } from '../../parse/own-snapshot.ts'

type Asked = Input<'ModifySnapshotAttribute'>

/**
 * Says who else may make volumes of a snapshot: accounts, or everybody (the group `all`).
 * Refuses: InvalidSnapshot.NotFound, UnauthorizedOperation, InvalidUserID.Malformed, InvalidParameterValue, MissingParameter.
 * Source: EC2 API Reference, ModifySnapshotAttribute.
 */
export const ModifySnapshotAttribute = action('ModifySnapshotAttribute', {
  async run(input, context) {
    const { id, keyId } = await ownSnapshot(context, input.SnapshotId)
    refuseOtherAttributes(input.Attribute)
    const { add, remove } = changesOf(input)
    if (add.length + remove.length === 0) refuse('MissingParameter', { parameter: 'createVolumePermission' })
    if (add.length > 0 && keyId !== null)
      refuse('InvalidParameterValue', { message: 'Encrypted snapshots with EBS default key cannot be shared' })
    await share(context.tx, id, { add, remove })
    return {}
  },
})

/** Both forms: lists of what is added and removed, and one operation over users and groups. */
function changesOf(input: Asked): { add: string[]; remove: string[] } {
  const { Add = [], Remove = [] } = input.CreateVolumePermission ?? {}
  const flat = [...(input.UserIds ?? []), ...(input.GroupNames ?? [])]
  const isRemoval = input.OperationType === 'remove'
  return {
    add: [...Add.map(nameOf), ...(isRemoval ? [] : flat)],
    remove: [...Remove.map(nameOf), ...(isRemoval ? flat : [])],
  }
}

function nameOf({
  UserId,
  Group,
}: {
  readonly UserId?: string | undefined
  readonly Group?: string | undefined
}): string {
  return (
    UserId ??
    (Group === everybody ? everybody : refuse('InvalidParameterValue', { message: `Invalid group: ${Group}` }))
  )
}
