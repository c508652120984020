import { makeOptions } from '../../../control/dhcp-options/options.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { readDhcpOptions } from '../../parse/dhcp-options.ts'
import { renderDhcpOptions } from '../../render/dhcp-options.ts'

/**
 * Makes a set of DHCP options, which no VPC has yet.
 * Refuses: InvalidParameterValue, MissingParameter.
 * Source: EC2 API Reference, CreateDhcpOptions.
 */
export const CreateDhcpOptions = action('CreateDhcpOptions', {
  creates: ['dhcp-options'],
  async run({ DhcpConfigurations }, context) {
    const { tx, caller, random } = context
    const row = await makeOptions(tx, caller.account, readDhcpOptions(DhcpConfigurations), random)
    await context.tag('dhcp-options', row.id)
    const [full] = await withTags(tx, [row])
    return { DhcpOptions: renderDhcpOptions(full!) } // one for each row
  },
})
