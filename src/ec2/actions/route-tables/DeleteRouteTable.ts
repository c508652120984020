import { findTable, removeTable } from '../../../control/route-tables/tables.ts'
import { action } from '../../action.ts'

/**
 * Deletes a route table that no subnet has and that is not the main one.
 * Refuses: InvalidRouteTableID.NotFound, DependencyViolation.
 * Source: EC2 API Reference, DeleteRouteTable.
 */
export const DeleteRouteTable = action('DeleteRouteTable', {
  async run({ RouteTableId }, { tx, caller }) {
    await removeTable(tx, await findTable(tx, caller.account, RouteTableId ?? ''))
    return {}
  },
})
