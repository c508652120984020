import { addSubnetBlock6 } from '../../../control/ipv6/subnet-blocks.ts'
import { makeSubnet } from '../../../control/subnets/make.ts'
import { readBlock } from '../../../control/vpcs/blocks.ts'
import { findVpc, requireZone } from '../../../control/vpcs/find.ts'
import { zoneId, zoneName } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import type { Input } from '../../../query/types.ts'
import { action, type View } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { fullSubnets, renderSubnet } from '../../render/subnet.ts'

/**
 * Makes a subnet in a zone of a VPC. Its guests get no public address unless that is changed.
 * Refuses: InvalidVpcID.NotFound, InvalidSubnet.Range, InvalidSubnet.Conflict, InvalidParameterValue, SubnetLimitExceeded.
 * Source: EC2 API Reference, CreateSubnet.
 */
export const CreateSubnet = action('CreateSubnet', {
  creates: ['subnet'],
  async run(input, context) {
    const { tx, caller, cloud, random } = context
    refuseParameters(input, [
      ...(['Ipv6Native', 'OutpostArn', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength'] as const),
      ...(['Ipv6IpamPoolId', 'Ipv6NetmaskLength'] as const),
    ])
    const vpc = await findVpc(tx, caller.account, input.VpcId ?? '')
    const cidr = readBlock(input.CidrBlock)
    const row = await makeSubnet(tx, vpc, { cidr, zone: zoneOf(input, context), isDefault: false }, random)
    if (input.Ipv6CidrBlock) await addSubnetBlock6(tx, row, input.Ipv6CidrBlock, random)
    await context.tag('subnet', row.id)
    const [full] = await fullSubnets(tx, cloud, [row])
    return { Subnet: renderSubnet(full!) } // one for each row
  },
})

/** The zone named; EC2 chooses where none is, and so the first. */
function zoneOf({ AvailabilityZone: zone, AvailabilityZoneId: id }: Input<'CreateSubnet'>, { cloud }: View): string {
  const zones = cloud.zones.map((it) => zoneName(cloud, it))
  if (zone) {
    requireZone(cloud, zone)
    return zone
  }
  const found = id ? zones.find((it) => zoneId(cloud, it) === id) : zones[0]
  return found ?? refuse('InvalidParameterValue', { message: `Invalid availability zone-id: [${id}]` })
}
