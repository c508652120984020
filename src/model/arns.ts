import type { Cloud } from './cloud.ts'
import type { AccountId } from './ids.ts'

/** `arn:aws:ec2:us-west-2:111122223333:subnet/subnet-d5467793`. Source: Service Authorization Reference, "Resource types defined by Amazon EC2". */
export function ec2Arn({ region }: Cloud, account: AccountId, kind: string, id: string): string {
  return `arn:aws:ec2:${region}:${account}:${kind}/${id}`
}
