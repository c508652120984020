import { makeGateway } from '../../../control/internet-gateways/gateways.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { renderInternetGateway } from '../../render/internet-gateway.ts'

/**
 * Makes an internet gateway that is not attached yet.
 * Refuses: InternetGatewayLimitExceeded.
 * Source: EC2 API Reference, CreateInternetGateway.
 */
export const CreateInternetGateway = action('CreateInternetGateway', {
  creates: ['internet-gateway'],
  async run(_input, context) {
    const row = await makeGateway(context.tx, context.caller.account, context.random)
    await context.tag('internet-gateway', row.id)
    const [full] = await withTags(context.tx, [row])
    return { InternetGateway: renderInternetGateway(full!) } // one for each row
  },
})
