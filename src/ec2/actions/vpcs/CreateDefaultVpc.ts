import { blocksOf } from '../../../control/vpcs/cidrs.ts'
import { makeDefaultVpc } from '../../../control/vpcs/default-vpc.ts'
import { action } from '../../action.ts'
import { renderVpc } from '../../render/vpc.ts'

/**
 * Makes a default VPC again, where it was deleted.
 * Refuses: DefaultVpcAlreadyExists, VpcLimitExceeded, InternetGatewayLimitExceeded.
 * Source: EC2 API Reference, CreateDefaultVpc.
 */
export const CreateDefaultVpc = action('CreateDefaultVpc', {
  async run(_input, context) {
    const vpc = await makeDefaultVpc(context.tx, context.caller.account, context)
    const blocks = (await blocksOf(context.tx, [vpc])).get(vpc.id) ?? []
    return { Vpc: renderVpc({ ...vpc, tags: {}, blocks }) }
  },
})
