import { findInstances, instancesInOrder } from '../../../control/instances/find.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import type { Cloud } from '../../../model/cloud.ts'
import type { Reader } from '../../../store/store.ts'
import type { InstanceRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'
import { type FilteredInstance, filteredInstance, instanceFilters } from '../../filters/instances.ts'
import { narrowed } from '../../filters/instances-by-index.ts'
import { fullInstances } from '../../full-instances.ts'
import { renderReservation } from '../../render/instance.ts'

/**
 * The caller's instances, by reservation; terminated ones for an hour. The id `verbose` asks for all that the caller may see,
 * as in Eucalyptus: they are the same.
 * Refuses: InvalidInstanceID.Malformed, InvalidInstanceID.NotFound.
 * Source: EC2 API Reference, DescribeInstances.
 */
export const DescribeInstances = describe('DescribeInstances', {
  async *rows({ InstanceIds = [] }, { tx, caller, cloud }, _prepared, { filters, after, enough }) {
    const ids = InstanceIds.filter((it) => it !== 'verbose')
    const found =
      ids.length > 0
        ? [await findInstances(tx, caller.account, ids)]
        : instancesInOrder(tx, caller.account, { after, atOnce: Math.min(enough, mostAtOnce) }, (all) =>
            narrowed(all, caller.account, filters),
          )
    for await (const rows of found) yield await filteredInstances(tx, cloud, rows)
  },
  key: ({ row }) => row.id,
  filters: instanceFilters,
  render: (row) => row,
  kept: { rests: restsOf, isNamed: ({ InstanceIds = [] }) => InstanceIds.some((it) => it !== 'verbose') },
  assemble(rows, _input, { cloud }) {
    const reservations = Map.groupBy(rows, ({ row }) => row.reservationId)
    return { Reservations: [...reservations.values()].map((it) => renderReservation(cloud, it)) }
  },
})

function restsOf({ row, interfaces }: FilteredInstance): string[] {
  const ofInterfaces = interfaces.flatMap((it) => [it.row.id, it.row.vpcId, ...it.groups.map((group) => group.id)])
  return [row.id, row.imageId, ...ofInterfaces]
}

/** Rows that are asked for together. */
const mostAtOnce = 1001

async function filteredInstances(tx: Reader, cloud: Cloud, rows: readonly InstanceRow[]): Promise<FilteredInstance[]> {
  const full = await fullInstances(tx, rows)
  const tags = await tagsOf(
    tx,
    full.flatMap((it) => it.interfaces.map((nic) => nic.row.id)),
  )
  return full.map((it) => filteredInstance(cloud, it, tags))
}
