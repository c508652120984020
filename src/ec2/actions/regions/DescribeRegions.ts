import type { Cloud } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import { describe } from '../../action.ts'

/**
 * The regions of this cloud: there is one.
 * Refuses: InvalidParameterValue for regions that are not there.
 * Source: EC2 API Reference, DescribeRegions; awslabs/amazon-s3-tar-tool#7 for the text.
 */
export const DescribeRegions = describe('DescribeRegions', {
  async rows({ RegionNames = [] }, { cloud }) {
    const unknown = RegionNames.filter((name) => name !== cloud.region)
    if (unknown.length > 0) refuse('InvalidParameterValue', { message: `Invalid region: [${unknown.join(', ')}]` })
    return [{ name: cloud.region, endpoint: endpointOf(cloud), optIn: 'opt-in-not-required' }]
  },
  key: (row) => row.name,
  filters: {
    'region-name': (row) => row.name,
    endpoint: (row) => row.endpoint,
    'opt-in-status': (row) => row.optIn,
  },
  render: (row) => ({ RegionName: row.name, Endpoint: row.endpoint, OptInStatus: row.optIn }),
  assemble: (items) => ({ Regions: items }),
})

/** As EC2 tells it: a host, without what comes before. */
function endpointOf({ endpoint }: Cloud): string {
  return URL.canParse(endpoint) ? new URL(endpoint).host : endpoint
}
