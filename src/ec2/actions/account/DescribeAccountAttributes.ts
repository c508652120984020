import { mostGroups } from '../../../control/interfaces/groups.ts'
import { findDefaultVpc } from '../../../control/vpcs/default-vpc.ts'
import { mostElasticAddresses } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * What the account may do. `max-instances` is what EC2 answers to everybody: it limits nothing, here or there.
 * Refuses: InvalidParameterValue.
 * Source: EC2 API Reference, DescribeAccountAttributes.
 */
export const DescribeAccountAttributes = action('DescribeAccountAttributes', {
  async run({ AttributeNames = [] }, { tx, caller, cloud }) {
    const vpc = await findDefaultVpc(tx, caller.account)
    const attributes: Readonly<Record<string, string>> = {
      'supported-platforms': 'VPC',
      'default-vpc': vpc?.id ?? 'none',
      'max-instances': '20',
      'vpc-max-security-groups-per-interface': String(mostGroups),
      'max-elastic-ips': String(mostElasticAddresses(cloud)),
      'vpc-max-elastic-ips': String(mostElasticAddresses(cloud)),
    }
    const unknown = AttributeNames.find((it) => !Object.hasOwn(attributes, it))
    if (unknown !== undefined)
      refuse('InvalidParameterValue', {
        message: `Value (${unknown}) for parameter attributeName is invalid. Unknown attribute name.`,
      })
    const names = AttributeNames.length > 0 ? [...new Set<string>(AttributeNames)] : Object.keys(attributes)
    return {
      AccountAttributes: names.map((name) => ({
        AttributeName: name,
        AttributeValues: [{ AttributeValue: attributes[name] }],
      })),
    }
  },
})
