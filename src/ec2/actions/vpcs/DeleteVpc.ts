import { findVpc } from '../../../control/vpcs/find.ts'
import { removeVpc } from '../../../control/vpcs/make.ts'
import { action } from '../../action.ts'

/**
 * Deletes a VPC in which nothing is but what came with it. Its peerings end.
 * Refuses: InvalidVpcID.NotFound, DependencyViolation.
 * Source: EC2 API Reference, DeleteVpc.
 */
export const DeleteVpc = action('DeleteVpc', {
  async run({ VpcId }, { tx, caller, now }) {
    await removeVpc(tx, await findVpc(tx, caller.account, VpcId), now)
    return {}
  },
})
