import type { AccountId, ImageId, InstanceId } from '../../model/ids.ts'

/** What the identity document says of an instance. */
export interface IdentityFacts {
  readonly account: AccountId
  readonly architecture: 'i386' | 'x86_64' | 'arm64'
  readonly zone: string
  readonly region: string
  readonly image: ImageId
  readonly instance: InstanceId
  readonly type: string
  readonly kernel?: string
  readonly ramdisk?: string
  /** When the instance was last started. */
  readonly pendingTime: Date
  readonly privateAddress: string
  readonly productCodes?: readonly string[]
}

/**
 * `dynamic/instance-identity/document`, byte for byte as EC2 prints it: fields in its order, two spaces, a space on either side
 * of the colon, no newline at the end.
 * Source: documents of EC2 quoted in cloudpanel-io/cloudpanel-ce#375; EC2 User Guide, "Instance identity documents".
 */
export function identityDocument(facts: IdentityFacts): string {
  const fields: readonly [name: string, value: string | readonly string[] | null][] = [
    ['accountId', facts.account],
    ['architecture', facts.architecture],
    ['availabilityZone', facts.zone],
    ['billingProducts', null],
    ['devpayProductCodes', null],
    ['marketplaceProductCodes', facts.productCodes?.length ? facts.productCodes : null],
    ['imageId', facts.image],
    ['instanceId', facts.instance],
    ['instanceType', facts.type],
    ['kernelId', facts.kernel ?? null],
    ['pendingTime', `${facts.pendingTime.toISOString().slice(0, 19)}Z`],
    ['privateIp', facts.privateAddress],
    ['ramdiskId', facts.ramdisk ?? null],
    ['region', facts.region],
    ['version', '2017-09-30'],
  ]
  return `{\n${fields.map(([name, value]) => `  "${name}" : ${print(value)}`).join(',\n')}\n}`
}

/** Source: Jackson's default printer, which EC2's document looks like: `[ "a", "b" ]`. */
function print(value: string | readonly string[] | null): string {
  return Array.isArray(value) ? `[ ${value.map((it) => JSON.stringify(it)).join(', ')} ]` : JSON.stringify(value)
}
