/** States of what VPCs are connected by. */

/** Source: EC2 API Reference, "NatGateway". */
export const natGatewayStates = ['pending', 'failed', 'available', 'deleting', 'deleted'] as const
export type NatGatewayState = (typeof natGatewayStates)[number]

/**
 * What is said of a peering in each state, and for how long it is still described.
 * Source: VPC Peering Guide, "VPC peering connection lifecycle".
 */
export const peeringStates = {
  'pending-acceptance': { message: (accepter: string) => `Pending Acceptance by ${accepter}`, hours: undefined },
  active: { message: () => 'Active', hours: undefined },
  failed: {
    message: () => 'Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range',
    hours: 2,
  },
  expired: { message: () => 'Expired', hours: 48 },
  rejected: { message: (accepter: string) => `Rejected by ${accepter}`, hours: 2 },
  deleted: { message: (by: string) => `Deleted by ${by}`, hours: 2 },
} as const satisfies Record<string, { message: (who: string) => string; hours: number | undefined }>

export type PeeringState = keyof typeof peeringStates
