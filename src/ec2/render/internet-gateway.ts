import type { InternetGateway } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { InternetGatewayRow } from '../../store/tables/vpcs.ts'

/** An attachment is `available`, which for other resources would be `attached`. Source: EC2 API Reference, "InternetGatewayAttachment". */
export function renderInternetGateway(row: InternetGatewayRow & { readonly tags: Tags }): InternetGateway {
  return {
    InternetGatewayId: row.id,
    OwnerId: row.accountId,
    // The model has no such state of an attachment as EC2 answers.
    Attachments: row.vpcId === null ? [] : [{ VpcId: row.vpcId, State: 'available' as 'attached' }],
    Tags: tagList(row.tags),
  }
}
