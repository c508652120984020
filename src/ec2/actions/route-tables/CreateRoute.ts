import { addRoute } from '../../../control/route-tables/routes.ts'
import { findTable } from '../../../control/route-tables/tables.ts'
import { action } from '../../action.ts'
import { routeDestination, routeTarget } from '../../parse/route-targets.ts'

/**
 * Leads packets to a block to a gateway, a peer or an interface; the longest prefix wins.
 * Refuses: InvalidRouteTableID.NotFound, RouteAlreadyExists, RouteLimitExceeded, InvalidGatewayID.NotFound,
 * InvalidNatGatewayID.NotFound, InvalidNetworkInterfaceID.NotFound, InvalidInstanceID.*, InvalidVpcPeeringConnectionID.NotFound,
 * InvalidParameterValue, InvalidParameterCombination, MissingParameter, UnsupportedOperation.
 * Source: EC2 API Reference, CreateRoute.
 */
export const CreateRoute = action('CreateRoute', {
  async run(input, context) {
    const { tx, caller } = context
    const table = await findTable(tx, caller.account, input.RouteTableId ?? '')
    const destination = await routeDestination(input, context)
    await addRoute(tx, table, { destination, target: await routeTarget(input, table, context) })
    return { Return: true }
  },
})
