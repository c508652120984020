import { makeTable } from '../../../control/route-tables/tables.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'
import { fullTables, renderTable } from '../../render/route-table.ts'

/**
 * Makes a route table with the VPC's local routes alone.
 * Refuses: InvalidVpcID.NotFound, RouteTableLimitExceeded.
 * Source: EC2 API Reference, CreateRouteTable.
 */
export const CreateRouteTable = action('CreateRouteTable', {
  creates: ['route-table'],
  async run({ VpcId }, context) {
    const { tx, caller, random } = context
    const row = await makeTable(tx, await findVpc(tx, caller.account, VpcId ?? ''), random)
    await context.tag('route-table', row.id)
    const [full] = await fullTables(tx, [row])
    return { RouteTable: renderTable(full!) } // one for each row
  },
})
