import { listInterfaces } from '../../../control/interfaces/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { renderAttachment } from '../../render/interface.ts'

/**
 * One attribute of a network interface.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, DescribeNetworkInterfaceAttribute.
 */
export const DescribeNetworkInterfaceAttribute = action('DescribeNetworkInterfaceAttribute', {
  async run({ NetworkInterfaceId, Attribute }, { tx, caller }) {
    const [nic] = await listInterfaces(tx, caller.account, [NetworkInterfaceId])
    const { row, addresses, groups } = nic! // listInterfaces refuses what it does not find
    switch (Attribute) {
      case 'description':
        return { NetworkInterfaceId, Description: { Value: row.description } }
      case 'groupSet':
        return { NetworkInterfaceId, Groups: groups.map(({ id, name }) => ({ GroupId: id, GroupName: name })) }
      case 'sourceDestCheck':
        return { NetworkInterfaceId, SourceDestCheck: { Value: row.sourceDestCheck === 1 } }
      case 'attachment':
        return { NetworkInterfaceId, ...(row.instanceId !== null && { Attachment: renderAttachment(row) }) }
      case 'associatePublicIpAddress':
        return { NetworkInterfaceId, AssociatePublicIpAddress: addresses[0].public !== undefined }
      default:
        return refuse('InvalidParameterValue', {
          message: `Value (${Attribute}) for parameter attribute is invalid. Unknown attribute.`,
        })
    }
  },
})
