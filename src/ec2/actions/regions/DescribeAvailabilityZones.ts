import { type Room, roomIn } from '../../../control/hosts/capacity.ts'
import { disksOfType } from '../../../control/instances/disks.ts'
import { type Cloud, zoneId, zoneName } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import { instanceTypes, scaled } from '../../../model/instance-types.ts'
import { absent } from '../../../query/filters.ts'
import type { Reader } from '../../../store/store.ts'
import { describe } from '../../action.ts'

interface Row {
  readonly region: string
  readonly name: string
  readonly state: string
  /** Where the row stands for a zone, and not for a line of Eucalyptus' table. */
  readonly zone?: { readonly id: string; readonly message?: string }
  readonly key: string
}

/**
 * The zones of this region; one is impaired while no host of it is connected. With the zone `verbose`, after each zone come the
 * lines of Eucalyptus' table of what fits into it.
 * Refuses: InvalidParameterValue.
 * Source: EC2 API Reference, DescribeAvailabilityZones; for `verbose`, Eucalyptus Administration Guide, `euca-describe-availability-zones verbose`.
 */
export const DescribeAvailabilityZones = describe('DescribeAvailabilityZones', {
  async rows({ ZoneNames = [], ZoneIds = [] }, { tx, cloud }): Promise<Row[]> {
    const verbose = ZoneNames.includes('verbose')
    const names = ZoneNames.filter((it) => it !== 'verbose')
    const zones = cloud.zones.map((it) => zoneName(cloud, it))
    const unknown = [
      ...names.filter((it) => !zones.includes(it)),
      ...ZoneIds.filter((id) => !zones.some((it) => zoneId(cloud, it) === id)),
    ]
    if (unknown.length > 0)
      refuse('InvalidParameterValue', { message: `Invalid availability zone: [${unknown.join(', ')}]` })
    const any = names.length === 0 && ZoneIds.length === 0
    const asked = zones.filter((it) => any || names.includes(it) || ZoneIds.includes(zoneId(cloud, it)))
    const alive = await connectedZones(tx)
    const table = verbose ? await tablesOf(tx, cloud) : () => []
    return asked.flatMap((name) => [zoneRow(cloud, name, alive.has(name)), ...table(name)])
  },
  key: (row) => row.key,
  filters: {
    'zone-name': (row) => row.name,
    'zone-id': (row) => row.zone?.id,
    'zone-type': () => 'availability-zone',
    state: (row) => row.state,
    message: (row) => row.zone?.message,
    'region-name': (row) => row.region,
    'group-name': (row) => groupName(row.region),
    'opt-in-status': () => 'opt-in-not-required',
    ...absent('group-long-name', 'parent-zone-id', 'parent-zone-name'),
  },
  render: ({ name, state, zone }, { cloud }) => ({
    ZoneName: name,
    State: state,
    RegionName: cloud.region,
    Messages: zone?.message === undefined ? [] : [{ Message: zone.message }],
    ...(zone && {
      ZoneId: zone.id,
      ZoneType: 'availability-zone',
      GroupName: groupName(cloud.region),
      NetworkBorderGroup: cloud.region,
      OptInStatus: 'opt-in-not-required',
    }),
  }),
  assemble: (items) => ({ AvailabilityZones: items }),
})

function groupName(region: string): string {
  return `${region}-zg-1`
}

function zoneRow(cloud: Cloud, name: string, alive: boolean): Row {
  const id = zoneId(cloud, name)
  const row = { region: cloud.region, name, key: name }
  if (alive) return { ...row, state: 'available', zone: { id } }
  return { ...row, state: 'impaired', zone: { id, message: 'No host of this zone is connected.' } }
}

async function connectedZones(reader: Reader): Promise<ReadonlySet<string>> {
  const rows = await reader.db
    .selectFrom('hosts')
    .select('zone')
    .where('connected', '=', 1)
    .where('isEdge', '=', 0)
    .execute()
  return new Set(rows.map((row) => row.zone))
}

/** Eucalyptus' table of a zone: how many more of each type fit, of how many. */
async function tablesOf(reader: Reader, cloud: Cloud): Promise<(zone: string) => Row[]> {
  const room = await roomIn(reader, cloud)
  const types = instanceTypes.map((type) => ({ type, rooms: room(type) }))
  return (zone) => {
    const line = (index: number, name: string, state: string): Row => {
      return { region: cloud.region, name: `|- ${name}`, state, key: `${zone}/${String(index).padStart(4, '0')}` }
    }
    const lines = types.map(({ type, rooms }, index) => {
      const { vcpus, memoryMiB } = scaled(type, cloud.scale)
      const size = [vcpus, memoryMiB, gigabytes(cloud, type.name)].map((it) => String(it).padStart(5)).join(' ')
      return line(index + 1, type.name, `${fitting(rooms, zone)} ${size}`)
    })
    return [line(0, 'vm types', 'free / max   cpu   ram  disk'), ...lines]
  }
}

function fitting(rooms: readonly Room[], zone: string): string {
  const { available = 0, max = 0 } = rooms.find((it) => it.zone === zone) ?? {}
  return [available, max].map((it) => String(it).padStart(4, '0')).join(' / ')
}

function gigabytes(cloud: Cloud, type: string): number {
  const ephemeral = disksOfType(cloud, type).filter((it) => it.virtual !== 'swap')
  return Math.round(ephemeral.reduce((sum, it) => sum + it.sizeMiB, 0) / 1024)
}
