import { listPeerings, stateAt } from '../../../control/peerings/find.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { peeringStates } from '../../../model/network-states.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullPeering, fullPeering, renderPeering } from '../../render/peering.ts'

/**
 * The peerings that the caller asked for or was asked for; those that ended for some hours more.
 * Refuses: InvalidVpcPeeringConnectionID.NotFound.
 * Source: EC2 API Reference, DescribeVpcPeeringConnections.
 */
export const DescribeVpcPeeringConnections = describe('DescribeVpcPeeringConnections', {
  async rows({ VpcPeeringConnectionIds }, { tx, caller, cloud, now }): Promise<FullPeering[]> {
    const rows = await withTags(tx, await listPeerings(tx, caller.account, now, VpcPeeringConnectionIds))
    return rows.map((it) => fullPeering(it, cloud, now))
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullPeering>(),
    'accepter-vpc-info.cidr-block': (row) => JSON.parse(row.accepterCidrsJson) as string[],
    'accepter-vpc-info.owner-id': (row) => row.accepterAccountId,
    'accepter-vpc-info.vpc-id': (row) => row.accepterVpcId,
    'expiration-time': (row) => new Date(row.expiresAt),
    'requester-vpc-info.cidr-block': (row) => JSON.parse(row.requesterCidrsJson) as string[],
    'requester-vpc-info.owner-id': (row) => row.requesterAccountId,
    'requester-vpc-info.vpc-id': (row) => row.requesterVpcId,
    'status-code': (row) => stateAt(row, row.now),
    'status-message': (row) => peeringStates[stateAt(row, row.now)].message(row.accepterAccountId),
    'vpc-peering-connection-id': (row) => row.id,
  },
  render: renderPeering,
  assemble: (items) => ({ VpcPeeringConnections: items }),
})
