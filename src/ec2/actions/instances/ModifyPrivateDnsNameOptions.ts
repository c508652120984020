import { changeResourceName } from '../../../control/dns/resource-names.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseResourceNames } from '../../parse/resource-names.ts'

/**
 * Makes an instance's id a name inside its VPC, beside the one that its address makes, or no longer.
 * Refuses: InvalidInstanceID.*, InvalidParameterCombination, IncorrectInstanceState, UnsupportedOperation (AAAA records, ids as
 * host names).
 * Source: EC2 API Reference, ModifyPrivateDnsNameOptions.
 */
export const ModifyPrivateDnsNameOptions = action('ModifyPrivateDnsNameOptions', {
  async run({ InstanceId, PrivateDnsHostnameType, ...records }, { tx, caller }) {
    const row = await findInstance(tx, caller.account, InstanceId ?? '')
    const { EnableResourceNameDnsARecord: named, EnableResourceNameDnsAAAARecord: six } = records
    if (named === undefined && six === undefined && PrivateDnsHostnameType === undefined)
      refuse('InvalidParameterCombination', { message: 'No attributes specified.' })
    refuseResourceNames({ ...records, HostnameType: PrivateDnsHostnameType })
    if (row.state === 'terminated' || row.state === 'shutting-down')
      refuse('IncorrectInstanceState', { id: row.id, verb: 'modified' })
    if (named !== undefined) await changeResourceName(tx, row, named)
    return { Return: true }
  },
})
