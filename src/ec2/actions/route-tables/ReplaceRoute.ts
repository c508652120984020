import { replaceRoute } from '../../../control/route-tables/routes.ts'
import { findTable } from '../../../control/route-tables/tables.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { routeDestination, routeTarget } from '../../parse/route-targets.ts'

/**
 * Leads a route that is there elsewhere.
 * Refuses: as CreateRoute; InvalidParameterValue where there is no such route.
 * Source: EC2 API Reference, ReplaceRoute.
 */
export const ReplaceRoute = action('ReplaceRoute', {
  async run(input, context) {
    const { tx, caller } = context
    refuseParameters(input, ['LocalTarget'])
    const table = await findTable(tx, caller.account, input.RouteTableId ?? '')
    const destination = await routeDestination(input, context)
    await replaceRoute(tx, table, { destination, target: await routeTarget(input, table, context) })
    return {}
  },
})
