import { listOptions, removeOptions } from '../../../control/dhcp-options/options.ts'
import { action } from '../../action.ts'

/**
 * Deletes a set of DHCP options that no VPC has.
 * Refuses: InvalidDhcpOptionID.NotFound, DependencyViolation.
 * Source: EC2 API Reference, DeleteDhcpOptions.
 */
export const DeleteDhcpOptions = action('DeleteDhcpOptions', {
  async run({ DhcpOptionsId }, { tx, caller }) {
    const [options] = await listOptions(tx, caller.account, [DhcpOptionsId ?? ''])
    await removeOptions(tx, options!) // listOptions refuses what it does not find
    return {}
  },
})
