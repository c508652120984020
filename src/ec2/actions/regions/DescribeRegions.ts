import type { Region } from '../../../control/regions/regions.ts'
import { refuse } from '../../../model/errors.ts'
import { describe } from '../../action.ts'

/**
 * The regions of this cloud, in each of them alike.
 * Refuses: InvalidParameterValue for regions that are not there.
 * Source: EC2 API Reference, DescribeRegions; awslabs/amazon-s3-tar-tool#7 for the text.
 */
export const DescribeRegions = describe('DescribeRegions', {
  prepare: (_input, _abort, { regions }) => regions.list(),
  async rows({ RegionNames = [] }, _view, regions) {
    const unknown = RegionNames.filter((name) => !regions.some((it) => it.name === name))
    if (unknown.length > 0) refuse('InvalidParameterValue', { message: `Invalid region: [${unknown.join(', ')}]` })
    const asked = regions.filter((it) => RegionNames.length === 0 || RegionNames.includes(it.name))
    return asked.map((it) => ({ name: it.name, endpoint: hostOf(it), optIn: 'opt-in-not-required' }))
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
function hostOf({ endpoint }: Region): string {
  return URL.canParse(endpoint) ? new URL(endpoint).host : endpoint
}
