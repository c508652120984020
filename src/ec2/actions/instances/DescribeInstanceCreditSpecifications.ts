import { listInstances } from '../../../control/instances/find.ts'
import { refuse } from '../../../model/errors.ts'
import { instanceType } from '../../../model/instance-types.ts'
import { describe } from '../../action.ts'

/**
 * How burstable instances spend CPU credits: here always `standard`. Without ids those that are `unlimited`: none.
 * Refuses: InvalidInstanceID.*, InvalidParameterValue for an instance that is not burstable.
 * Source: EC2 API Reference, DescribeInstanceCreditSpecifications. Guess: the code and text for other instances.
 */
export const DescribeInstanceCreditSpecifications = describe('DescribeInstanceCreditSpecifications', {
  async rows({ InstanceIds = [] }, { tx, caller }) {
    if (InstanceIds.length === 0) return []
    const rows = await listInstances(tx, caller.account, InstanceIds)
    const other = rows.find((row) => instanceType(row.type)?.baseline === undefined)
    if (other)
      refuse('InvalidParameterValue', {
        message: `The instance '${other.id}' is not a burstable performance instance.`,
      })
    return rows
  },
  key: (row) => row.id,
  filters: { 'instance-id': (row) => row.id },
  render: (row) => ({ InstanceId: row.id, CpuCredits: 'standard' }),
  assemble: (items) => ({ InstanceCreditSpecifications: items }),
})
