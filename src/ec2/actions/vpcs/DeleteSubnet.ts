import { removeSubnet } from '../../../control/subnets/make.ts'
import { findSubnet } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'

/**
 * Deletes a subnet that no interface is in.
 * Refuses: InvalidSubnetID.NotFound, DependencyViolation.
 * Source: EC2 API Reference, DeleteSubnet.
 */
export const DeleteSubnet = action('DeleteSubnet', {
  async run({ SubnetId }, { tx, caller }) {
    await removeSubnet(tx, await findSubnet(tx, caller.account, SubnetId ?? ''))
    return {}
  },
})
