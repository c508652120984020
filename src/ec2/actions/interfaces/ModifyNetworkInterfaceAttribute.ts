import { changeInterface } from '../../../control/interfaces/change.ts'
import { findInterface } from '../../../control/interfaces/find.ts'
import { setGroups } from '../../../control/interfaces/groups.ts'
import { findGroups } from '../../../control/security-groups/groups.ts'
import { refuse } from '../../../model/errors.ts'
import type { Input } from '../../../query/types.ts'
import type { InterfaceRow } from '../../../store/tables/resources.ts'
import { action, type Context } from '../../action.ts'

type Wanted = Input<'ModifyNetworkInterfaceAttribute'>
type Change = (context: Context, nic: InterfaceRow, wanted: Wanted) => Promise<void>

/**
 * Changes one attribute of a network interface: its description, its groups, the source/destination check, or whether it ends
 * with its instance. Groups and check change under the running guest.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidAttachmentID.NotFound, InvalidGroup.NotFound,
 * SecurityGroupsPerInterfaceLimitExceeded, InvalidParameterCombination (none, or several), UnsupportedOperation.
 * Source: EC2 API Reference, ModifyNetworkInterfaceAttribute.
 */
export const ModifyNetworkInterfaceAttribute = action('ModifyNetworkInterfaceAttribute', {
  async run(input, context) {
    const [name, ...more] = Object.keys(changes).filter((it) => isGiven(input[it as keyof Wanted]))
    if (!name) refuse('InvalidParameterCombination', { message: 'No attributes specified.' })
    if (more.length > 0)
      refuse('InvalidParameterCombination', { message: 'Fields for multiple attribute types specified' })
    const nic = await findInterface(context.tx, context.caller.account, input.NetworkInterfaceId)
    await changes[name]!(context, nic, input) // chosen from its keys
    return {}
  },
})

const notServed =
  (name: string): Change =>
  async () =>
    refuse('UnsupportedOperation', { message: `The parameter ${name} is not served by this cloud.` })

const changes: Readonly<Record<string, Change>> = {
  Description: ({ tx }, nic, { Description: it }) => changeInterface(tx, nic, { description: it?.Value ?? '' }),
  SourceDestCheck: ({ tx }, nic, { SourceDestCheck: it }) =>
    changeInterface(tx, nic, { sourceDestCheck: (it?.Value ?? true) ? 1 : 0 }),
  Groups: async ({ tx, caller }, nic, { Groups: ids = [] }) => {
    const groups = await findGroups(tx, caller.account, nic.vpcId, { ids, names: [] })
    await setGroups(
      tx,
      nic,
      groups.map((it) => it.id),
    )
  },
  Attachment: async ({ tx }, nic, { Attachment: it }) => {
    if (nic.attachmentId === null || (it?.AttachmentId && it.AttachmentId !== nic.attachmentId))
      refuse('InvalidAttachmentID.NotFound', { id: it?.AttachmentId ?? '' })
    await changeInterface(tx, nic, { deleteOnTermination: it?.DeleteOnTermination ? 1 : 0 })
  },
  AssociatePublicIpAddress: notServed('AssociatePublicIpAddress'),
  AssociatedSubnetIds: notServed('AssociatedSubnetIds'),
  ConnectionTrackingSpecification: notServed('ConnectionTrackingSpecification'),
  EnablePrimaryIpv6: notServed('EnablePrimaryIpv6'),
  EnaSrdSpecification: notServed('EnaSrdSpecification'),
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}
