import { chooseOptions, listOptions, noOptions } from '../../../control/dhcp-options/options.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'

/**
 * Gives a VPC another set of DHCP options, or with `default` none. Guests hear of it when they next renew their lease.
 * Refuses: InvalidDhcpOptionID.NotFound, InvalidVpcID.NotFound.
 * Source: EC2 API Reference, AssociateDhcpOptions.
 */
export const AssociateDhcpOptions = action('AssociateDhcpOptions', {
  async run({ DhcpOptionsId = '', VpcId = '' }, { tx, caller }) {
    const vpc = await findVpc(tx, caller.account, VpcId)
    const [options] = DhcpOptionsId === noOptions ? [] : await listOptions(tx, caller.account, [DhcpOptionsId])
    await chooseOptions(tx, vpc, options)
    return {}
  },
})
