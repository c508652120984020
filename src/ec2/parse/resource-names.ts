import type { PrivateDnsNameOptionsRequest } from '@aws-sdk/client-ec2'
import { refuse } from '../../model/errors.ts'

/** Refuses what an instance's id cannot be yet: its host name, or a name of IPv6 addresses. */
export function refuseResourceNames(options: PrivateDnsNameOptionsRequest | undefined): void {
  if (options?.HostnameType === 'resource-name')
    refuse('UnsupportedOperation', { message: 'A host name by resource is not served by this cloud.' })
  if (options?.EnableResourceNameDnsAAAARecord)
    refuse('UnsupportedOperation', { message: 'A name by resource of IPv6 addresses is not served by this cloud.' })
}
