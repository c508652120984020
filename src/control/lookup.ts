/** Resources by the ids that a caller names: all of them, or the refusal that EC2 has for the ones that are not there. */
import { type ErrorCode, refuse } from '../model/errors.ts'
import { isId, type ResourceId, type ResourceKind } from '../model/ids.ts'

const importTask = { malformed: 'InvalidConversionTaskId.Malformed', missing: 'InvalidConversionTaskId' } as const

/** How ids of a kind are refused. Source: EC2 API Reference, "Error codes". */
const refusals = {
  instance: { malformed: 'InvalidInstanceID.Malformed', missing: 'InvalidInstanceID.NotFound' },
  volume: { malformed: 'InvalidVolumeID.Malformed', missing: 'InvalidVolume.NotFound' },
  snapshot: { malformed: 'InvalidSnapshotID.Malformed', missing: 'InvalidSnapshot.NotFound' },
  image: { malformed: 'InvalidAMIID.Malformed', missing: 'InvalidAMIID.NotFound' },
  'security-group': { malformed: 'InvalidGroupId.Malformed', missing: 'InvalidGroup.NotFound' },
  'security-group-rule': {
    malformed: 'InvalidSecurityGroupRuleId.Malformed',
    missing: 'InvalidSecurityGroupRuleId.NotFound',
  },
  'key-pair': { malformed: 'InvalidKeyPair.NotFound', missing: 'InvalidKeyPair.NotFound' },
  vpc: { malformed: 'InvalidVpcID.NotFound', missing: 'InvalidVpcID.NotFound' },
  subnet: { malformed: 'InvalidSubnetID.NotFound', missing: 'InvalidSubnetID.NotFound' },
  'network-interface': {
    malformed: 'InvalidNetworkInterfaceID.NotFound',
    missing: 'InvalidNetworkInterfaceID.NotFound',
  },
  'network-acl': { malformed: 'InvalidNetworkAclID.NotFound', missing: 'InvalidNetworkAclID.NotFound' },
  'prefix-list': { malformed: 'InvalidPrefixListID.Malformed', missing: 'InvalidPrefixListID.NotFound' },
  'elastic-ip': { malformed: 'InvalidAllocationID.NotFound', missing: 'InvalidAllocationID.NotFound' },
  'route-table': { malformed: 'InvalidRouteTableID.NotFound', missing: 'InvalidRouteTableID.NotFound' },
  'internet-gateway': { malformed: 'InvalidInternetGatewayID.NotFound', missing: 'InvalidInternetGatewayID.NotFound' },
  'dhcp-options': { malformed: 'InvalidDhcpOptionID.NotFound', missing: 'InvalidDhcpOptionID.NotFound' },
  'vpc-endpoint': { malformed: 'InvalidVpcEndpointId.NotFound', missing: 'InvalidVpcEndpointId.NotFound' },
  natgateway: { malformed: 'NatGatewayNotFound', missing: 'NatGatewayNotFound' },
  'vpc-peering-connection': {
    malformed: 'InvalidVpcPeeringConnectionID.NotFound',
    missing: 'InvalidVpcPeeringConnectionID.NotFound',
  },
  'import-image-task': importTask,
  'import-snapshot-task': importTask,
  'export-image-task': { malformed: 'InvalidExportTaskID.Malformed', missing: 'InvalidExportTaskID.NotFound' },
} as const satisfies Partial<Record<ResourceKind, { malformed: ErrorCode; missing: ErrorCode }>>

export type LookedUpKind = keyof typeof refusals

/** The ids, once each, if all have the form of their kind. */
export function checkIds<K extends LookedUpKind>(kind: K, ids: readonly string[]): ResourceId<K>[] {
  const checked: ResourceId<K>[] = []
  for (const id of new Set(ids)) {
    if (!isId(kind, id)) refuse(refusals[kind].malformed, { id })
    checked.push(id)
  }
  return checked
}

/** Refuses with an id that has no row. */
export function refuseMissing(kind: LookedUpKind, id: string): never {
  return refuse(refusals[kind].missing, { id })
}

/** The rows of all `ids`, in the order of the ids; refuses with the ids that have none. */
export function requireAll<K extends LookedUpKind, Row extends { readonly id: string }>(
  kind: K,
  ids: readonly string[],
  rows: readonly Row[],
): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const gone = ids.filter((id) => !byId.has(id))
  if (gone.length > 0) refuse(refusals[kind].missing, { id: gone.join(', ') })
  return ids.map((id) => byId.get(id)!) // none is missing
}
