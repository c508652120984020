import { type Cloud, zoneId, zoneName } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import { instanceTypes } from '../../../model/instance-types.ts'
import { describe } from '../../action.ts'

interface Row {
  readonly type: string
  readonly locationType: string
  readonly location: string
}

/**
 * Where each type is offered: everywhere. By region, or by zone's name or id.
 * Refuses: InvalidParameterValue.
 * Source: EC2 API Reference, DescribeInstanceTypeOfferings.
 */
export const DescribeInstanceTypeOfferings = describe('DescribeInstanceTypeOfferings', {
  async rows({ LocationType = 'region' }, { cloud }): Promise<Row[]> {
    const places = locations(cloud, LocationType)
    return instanceTypes.flatMap(({ name }) =>
      places.map((location) => ({ type: name, locationType: LocationType, location })),
    )
  },
  key: (row) => `${row.type} ${row.location}`,
  filters: { 'instance-type': (row) => row.type, location: (row) => row.location },
  render: (row) => ({ InstanceType: row.type, LocationType: row.locationType, Location: row.location }),
  assemble: (items) => ({ InstanceTypeOfferings: items }),
})

function locations(cloud: Cloud, type: string): readonly string[] {
  const zones = cloud.zones.map((it) => zoneName(cloud, it))
  switch (type) {
    case 'region':
      return [cloud.region]
    case 'availability-zone':
      return zones
    case 'availability-zone-id':
      return zones.map((it) => zoneId(cloud, it))
    case 'outpost':
      return []
    default:
      return refuse('InvalidParameterValue', { message: `Value (${type}) for parameter locationType is invalid.` })
  }
}
