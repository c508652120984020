import { makeDefaultVpc } from '../../../control/vpcs/default-vpc.ts'
import { action } from '../../action.ts'
import { fullVpcs, renderVpc } from '../../render/vpc.ts'

/**
 * Makes a default VPC again, where it was deleted.
 * Refuses: DefaultVpcAlreadyExists, VpcLimitExceeded, InternetGatewayLimitExceeded.
 * Source: EC2 API Reference, CreateDefaultVpc.
 */
export const CreateDefaultVpc = action('CreateDefaultVpc', {
  async run(_input, context) {
    const vpc = await makeDefaultVpc(context.tx, context.caller.account, context)
    const [full] = await fullVpcs(context.tx, [vpc])
    return { Vpc: renderVpc(context.cloud.region, full!) } // one for each row
  },
})
