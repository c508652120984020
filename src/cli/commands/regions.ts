import { command } from '../command.ts'
import { filters, words } from '../params.ts'

export const regionCommands = [
  command({
    name: 'describe-regions',
    summary: 'Show information about regions',
    params: {
      regions: words('REGION', 'limit results to specific regions'),
      filters: filters('endpoint', 'region-name'),
    },
    operation: 'DescribeRegions',
    request: ({ regions, filters }) => ({ ...(regions.length > 0 && { RegionNames: regions }), Filters: filters }),
    render: (outputs) => outputs.flatMap((it) => it.Regions ?? []).map((it) => ['REGION', it.RegionName, it.Endpoint]),
  }),
  command({
    name: 'describe-availability-zones',
    summary: 'Display availability zones within the current region',
    params: {
      zones: words('ZONE', 'limit results to specific availability zones'),
      filters: filters('message', 'region-name', 'state', 'zone-name'),
    },
    operation: 'DescribeAvailabilityZones',
    request: ({ zones, filters }) => ({ ...(zones.length > 0 && { ZoneNames: zones }), Filters: filters }),
    render: (outputs) =>
      outputs
        .flatMap((it) => it.AvailabilityZones ?? [])
        .map((it) => [
          'AVAILABILITYZONE',
          it.ZoneName,
          it.State,
          (it.Messages ?? []).map(({ Message }) => Message).join(', '),
        ]),
  }),
]
