import { listInstances } from '../../../control/instances/find.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import { describe } from '../../action.ts'
import { type FilteredInstance, filteredInstance, instanceFilters } from '../../filters/instances.ts'
import { fullInstances } from '../../full-instances.ts'
import { renderReservation } from '../../render/instance.ts'

/**
 * The caller's instances, by reservation; terminated ones for an hour. The id `verbose` asks for all that the caller may see,
 * as in Eucalyptus: they are the same.
 * Refuses: InvalidInstanceID.Malformed, InvalidInstanceID.NotFound.
 * Source: EC2 API Reference, DescribeInstances.
 */
export const DescribeInstances = describe('DescribeInstances', {
  async rows({ InstanceIds = [] }, { tx, caller, cloud }): Promise<FilteredInstance[]> {
    const ids = InstanceIds.filter((it) => it !== 'verbose')
    const full = await fullInstances(tx, await listInstances(tx, caller.account, ids))
    const tags = await tagsOf(
      tx,
      full.flatMap((it) => it.interfaces.map((nic) => nic.row.id)),
    )
    return full.map((it) => filteredInstance(cloud, it, tags))
  },
  key: ({ row }) => row.id,
  filters: instanceFilters,
  render: (row) => row,
  assemble(rows, _input, { cloud }) {
    const reservations = Map.groupBy(rows, ({ row }) => row.reservationId)
    return { Reservations: [...reservations.values()].map((it) => renderReservation(cloud, it)) }
  },
})
