import type { VpcEndpoint } from '@aws-sdk/client-ec2'
import { type Tags, tagList, withTags } from '../../control/tags/tags.ts'
import { tablesLeadingTo } from '../../control/vpc-endpoints/endpoints.ts'
import type { Reader } from '../../store/store.ts'
import type { VpcEndpointRow } from '../../store/tables/vpcs.ts'

export type FullEndpoint = VpcEndpointRow & { readonly tags: Tags; readonly tables: readonly string[] }

export async function fullEndpoints(reader: Reader, rows: readonly VpcEndpointRow[]): Promise<FullEndpoint[]> {
  const tables = await tablesLeadingTo(reader, rows)
  return (await withTags(reader, rows)).map((it) => ({ ...it, tables: tables.get(it.id) ?? [] }))
}

/** The model has it with a capital; EC2 has not. Source: EC2 CLI Reference, describe-vpc-endpoints, examples. */
const available = 'available' as NonNullable<VpcEndpoint['State']>

/** Source: EC2 CLI Reference, describe-vpc-endpoints, examples. */
export function renderEndpoint(row: FullEndpoint): VpcEndpoint {
  return {
    VpcEndpointId: row.id,
    VpcEndpointType: 'Gateway',
    VpcId: row.vpcId,
    ServiceName: row.serviceName,
    State: available,
    PolicyDocument: row.policy,
    RouteTableIds: [...row.tables],
    SubnetIds: [],
    Groups: [],
    PrivateDnsEnabled: false,
    RequesterManaged: false,
    NetworkInterfaceIds: [],
    DnsEntries: [],
    CreationTimestamp: new Date(row.createdAt),
    Tags: tagList(row.tags),
    OwnerId: row.accountId,
  }
}
