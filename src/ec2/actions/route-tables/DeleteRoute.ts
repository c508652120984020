import { removeRoute } from '../../../control/route-tables/routes.ts'
import { findTable } from '../../../control/route-tables/tables.ts'
import { action } from '../../action.ts'
import { routeDestination } from '../../parse/route-targets.ts'

/**
 * Takes a route from a table.
 * Refuses: InvalidRouteTableID.NotFound, InvalidRoute.NotFound, InvalidParameterValue for local routes and those of endpoints.
 * Source: EC2 API Reference, DeleteRoute.
 */
export const DeleteRoute = action('DeleteRoute', {
  async run(input, context) {
    const { tx, caller } = context
    const table = await findTable(tx, caller.account, input.RouteTableId ?? '')
    await removeRoute(tx, table, await routeDestination(input, context))
    return {}
  },
})
