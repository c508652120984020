import type { EgressOnlyInternetGateway } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { EgressOnlyGatewayRow } from '../../store/tables/ipv6.ts'

/** Source: EC2 API Reference, "EgressOnlyInternetGateway". */
export function renderEgressOnlyGateway(
  row: EgressOnlyGatewayRow & { readonly tags: Tags },
): EgressOnlyInternetGateway {
  return {
    EgressOnlyInternetGatewayId: row.id,
    Attachments: [{ VpcId: row.vpcId, State: 'attached' }],
    Tags: tagList(row.tags),
  }
}
