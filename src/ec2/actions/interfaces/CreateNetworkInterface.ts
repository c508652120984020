import { listInterfaces } from '../../../control/interfaces/find.ts'
import { makeInterface } from '../../../control/interfaces/make.ts'
import { findGroups } from '../../../control/security-groups/groups.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { listSubnets } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import type { Input } from '../../../query/types.ts'
import { action } from '../../action.ts'
import { wantedAddresses } from '../../parse/private-addresses.ts'
import { renderInterface } from '../../render/interface.ts'

/**
 * Makes a network interface in a subnet, with the groups named or the default one, and with the private addresses named or
 * chosen. No instance has it yet.
 * Refuses: InvalidSubnetID.NotFound, InvalidGroup.NotFound, SecurityGroupsPerInterfaceLimitExceeded, InvalidIPAddress.InUse,
 * InsufficientFreeAddressesInSubnet, InvalidParameterValue, InvalidParameterCombination, UnsupportedOperation.
 * Source: EC2 API Reference, CreateNetworkInterface.
 */
export const CreateNetworkInterface = action('CreateNetworkInterface', {
  creates: ['network-interface'],
  async run(input, context) {
    const { tx, caller, cloud } = context
    refuseNotServed(input)
    const [subnet] = await listSubnets(tx, caller.account, [input.SubnetId])
    const ids = input.Groups ?? []
    const groups = await findGroups(tx, caller.account, subnet!.vpcId, {
      ids,
      names: ids.length > 0 ? [] : ['default'],
    }) // listSubnets refuses what it does not find
    const { id } = await makeInterface(
      tx,
      {
        account: caller.account,
        subnet: subnet!, // as above
        groups: groups.map((it) => it.id),
        addresses: wantedAddresses(input),
        description: input.Description ?? '',
      },
      context,
    )
    await context.tag('network-interface', id)
    const [nic] = await withTags(tx, await listInterfaces(tx, caller.account, [id]))
    return {
      NetworkInterface: renderInterface(cloud, nic!),
      ...(input.ClientToken && { ClientToken: input.ClientToken }),
    } // made above
  },
})

/** What an interface of ours cannot have, if it is asked for. */
function refuseNotServed(input: Input<'CreateNetworkInterface'>): void {
  if (input.InterfaceType && (input.InterfaceType as string) !== 'interface')
    refuse('UnsupportedOperation', {
      message: `The interface type ${input.InterfaceType} is not served by this cloud.`,
    })
  const more = notServed.find((name) => isGiven(input[name]))
  if (more) refuse('UnsupportedOperation', { message: `The parameter ${more} is not served by this cloud.` })
}

const notServed = [
  'Ipv4Prefixes',
  'Ipv4PrefixCount',
  'Ipv6Prefixes',
  'Ipv6PrefixCount',
  'EnablePrimaryIpv6',
] as const satisfies readonly (keyof Input<'CreateNetworkInterface'>)[]

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0
}
