import { allocateElastic } from '../../../control/addresses/elastic.ts'
import { refuse } from '../../../model/errors.ts'
import type { Input } from '../../../query/types.ts'
import { action } from '../../action.ts'
import { publicPool } from '../../render/address.ts'

/**
 * Gives the account an elastic address: the one named, if it is in the pool and free, or any.
 * Refuses: AddressLimitExceeded, InsufficientAddressCapacity, InvalidAddress.NotFound, InvalidParameterValue,
 * UnsupportedOperation (EC2-Classic; pools that customers brought).
 * Source: EC2 API Reference, AllocateAddress.
 */
export const AllocateAddress = action('AllocateAddress', {
  creates: ['elastic-ip'],
  async run(input, context) {
    const { tx, caller, cloud } = context
    refuseOtherPools(input)
    if (input.NetworkBorderGroup && input.NetworkBorderGroup !== cloud.region)
      refuse('InvalidParameterValue', {
        message: `Value (${input.NetworkBorderGroup}) for parameter networkBorderGroup is invalid.`,
      })
    const { id, publicAddress } = await allocateElastic(tx, caller.account, input.Address, context)
    await context.tag('elastic-ip', id)
    return {
      PublicIp: publicAddress,
      AllocationId: id,
      PublicIpv4Pool: publicPool,
      NetworkBorderGroup: cloud.region,
      Domain: 'vpc',
    }
  },
})

function refuseOtherPools({ Domain, PublicIpv4Pool, CustomerOwnedIpv4Pool, IpamPoolId }: Input<'AllocateAddress'>) {
  if (Domain === 'standard')
    refuse('UnsupportedOperation', { message: 'There is no EC2-Classic here: addresses are for use in a VPC.' })
  if (Domain && Domain !== 'vpc')
    refuse('InvalidParameterValue', { message: `Value (${Domain}) for parameter domain is invalid.` })
  if ((PublicIpv4Pool && PublicIpv4Pool !== publicPool) || CustomerOwnedIpv4Pool || IpamPoolId)
    refuse('UnsupportedOperation', { message: 'This cloud has one pool of public addresses.' })
}
