import type { LaunchPermission, ModifyImageAttributeRequest } from '@aws-sdk/client-ec2'
import { findOwnImage } from '../../../control/images/find.ts'
import { changeSharing, type Sharing } from '../../../control/images/share.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Shares an image with everyone or with accounts, stops that, or changes its description.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure, InvalidAMIAttributeItemValue,
 * InvalidParameterCombination, UnsupportedOperation.
 * Source: EC2 API Reference, ModifyImageAttribute: LaunchPermission, or the older Attribute with OperationType.
 */
export const ModifyImageAttribute = action('ModifyImageAttribute', {
  async run(input, { tx, caller }) {
    if (!input.ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    const image = await findOwnImage(tx, caller.account, input.ImageId)
    const description = input.Description?.Value ?? (input.Attribute === 'description' ? input.Value : undefined)
    const { add, remove } = changesIn(input)
    if (description !== undefined) {
      await tx.db.updateTable('images').set({ description }).where('id', '=', image.id).execute()
      return {}
    }
    if (isEmpty(add) && isEmpty(remove)) refuse('InvalidParameterCombination', { message: 'No attributes specified.' })
    await changeSharing(tx, image, add, remove)
    return {}
  },
})

function changesIn(input: ModifyImageAttributeRequest): { add: Sharing; remove: Sharing } {
  const { Attribute, OperationType, UserGroups = [], UserIds = [], LaunchPermission } = input
  for (const name of ['OrganizationArns', 'OrganizationalUnitArns', 'ProductCodes'] as const)
    if ((input[name] ?? []).length > 0)
      refuse('UnsupportedOperation', { message: `${name} is not served by this cloud.` })
  if (Attribute && !['launchPermission', 'description'].includes(Attribute))
    refuse('UnsupportedOperation', { message: `The attribute ${Attribute} is not served by this cloud.` })
  const older = [
    ...UserGroups.map((Group) => ({ Group })),
    ...UserIds.map((UserId) => ({ UserId })),
  ] as LaunchPermission[]
  if (older.length > 0 && OperationType !== 'add' && OperationType !== 'remove')
    refuse('InvalidParameterCombination', { message: 'OperationType must be add or remove.' })
  return {
    add: sharing([...(LaunchPermission?.Add ?? []), ...(OperationType === 'add' ? older : [])]),
    remove: sharing([...(LaunchPermission?.Remove ?? []), ...(OperationType === 'remove' ? older : [])]),
  }
}

function sharing(permissions: readonly LaunchPermission[]): Sharing {
  const groups = permissions.flatMap((it) => (it.Group ? [it.Group as string] : []))
  for (const it of groups)
    if (it !== 'all')
      refuse('InvalidAMIAttributeItemValue', { message: `Invalid attribute item value "${it}" for group item type.` })
  return { everyone: groups.length > 0, accounts: permissions.flatMap((it) => it.UserId?.replaceAll('-', '') ?? []) }
}

const isEmpty = ({ everyone, accounts }: Sharing) => !everyone && accounts.length === 0
