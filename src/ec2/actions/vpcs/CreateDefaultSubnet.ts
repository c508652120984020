import { findDefaultVpc, makeDefaultSubnet } from '../../../control/vpcs/default-vpc.ts'
import { requireZone } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { fullSubnets, renderSubnet } from '../../render/subnet.ts'

/**
 * Makes the default VPC's subnet in a zone again, where it was deleted.
 * Refuses: DefaultVpcDoesNotExist, DefaultSubnetAlreadyExistsInAvailabilityZone, InvalidParameterValue.
 * Source: EC2 API Reference, CreateDefaultSubnet.
 */
export const CreateDefaultSubnet = action('CreateDefaultSubnet', {
  async run(input, { tx, caller, cloud, random }) {
    refuseParameters(input, ['Ipv6Native', 'AvailabilityZoneId'])
    const zone = input.AvailabilityZone ?? refuse('MissingParameter', { parameter: 'AvailabilityZone' })
    requireZone(cloud, zone)
    const vpc = (await findDefaultVpc(tx, caller.account)) ?? refuse('DefaultVpcDoesNotExist')
    const [full] = await fullSubnets(tx, cloud, [await makeDefaultSubnet(tx, vpc, zone, random)])
    return { Subnet: renderSubnet(full!) } // one for each row
  },
})
