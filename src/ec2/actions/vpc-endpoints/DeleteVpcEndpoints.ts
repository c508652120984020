import { listEndpoints, removeEndpoint } from '../../../control/vpc-endpoints/endpoints.ts'
import { ApiError } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Ends VPC endpoints with the routes that lead to them. Those that cannot be are told apart: the others end.
 * Source: EC2 API Reference, DeleteVpcEndpoints.
 */
export const DeleteVpcEndpoints = action('DeleteVpcEndpoints', {
  async run({ VpcEndpointIds = [] }, { tx, caller }) {
    const failed: { ResourceId: string; Error: { Code: string; Message: string } }[] = []
    for (const id of new Set(VpcEndpointIds)) {
      try {
        const [endpoint] = await listEndpoints(tx, caller.account, [id])
        await removeEndpoint(tx, endpoint!) // listEndpoints refuses what it does not find
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        failed.push({ ResourceId: id, Error: { Code: error.code, Message: error.message } })
      }
    }
    return { Unsuccessful: failed }
  },
})
