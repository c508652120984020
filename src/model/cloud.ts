/** What one cloud is made of: chosen when it is first started, the same for its life. */
export interface Cloud {
  /** EC2's name of the region: `us-west-2`. */
  readonly region: string
  /** Zone names without the region: `a`, `b`, `c`. */
  readonly zones: readonly string[]
  /** What public and private names of instances end in; EC2's own by default. */
  readonly dns: { readonly publicSuffix: string; readonly privateSuffix: string }
  /** What an instance type's memory and disks are divided by, so that large types fit on small machines. */
  readonly scale: number
  /** How many ECUs one core of this machine is taken for. Guests without KVM are slow: one; with it: five. */
  readonly ecuPerCore: number
  /** Addresses that instances may get, first and last. */
  readonly publicPool: { readonly first: string; readonly last: string }
  /** The network of IPv6 that VPCs get their blocks of: a /40. */
  readonly pool6: string
  /** How many elastic addresses an account may have, where it is not the usual number. */
  readonly elasticAddresses?: number
  /** How long a volume that was changed cannot be changed again, where it is not the usual time. */
  readonly volumeCooldownHours?: number
  /** Where the API is reached, for answers that name it. */
  readonly endpoint: string
  /** Where the region that keeps accounts is reached, if that is another. */
  readonly accountsAt?: string
}

/** Source: VPC User Guide, "Amazon VPC quotas": elastic addresses for each region, unless more is asked for. */
const usualElasticAddresses = 5

/** Source: EC2 API Reference, ModifyVolume: at least six hours. */
const usualCooldownHours = 6

export function volumeCooldownMs({ volumeCooldownHours = usualCooldownHours }: Cloud): number {
  return volumeCooldownHours * 3_600_000
}

/** How many elastic addresses an account may have at once. */
export function mostElasticAddresses({ elasticAddresses = usualElasticAddresses }: Cloud): number {
  return elasticAddresses
}

export function zoneName(cloud: Cloud, zone: string): string {
  return `${cloud.region}${zone}`
}

/** EC2's zone ids: `usw2-az1`. Source: EC2 User Guide, "AZ IDs". */
export function zoneId(cloud: Cloud, name: string): string {
  const short = cloud.region.replace(/^([a-z]{2})-(?:gov-)?([a-z])[a-z]*?(?:(west|east))?-(\d+)$/, '$1$2$4')
  return `${short}-az${cloud.zones.findIndex((zone) => zoneName(cloud, zone) === name) + 1}`
}

/** `ip-172-31-1-172.us-west-2.compute.internal`. Source: EC2 User Guide, "EC2 instance hostname types". */
export function privateName(cloud: Cloud, address: string): string {
  return `ip-${address.replaceAll('.', '-')}.${privateDomain(cloud)}`
}

export function privateDomain(cloud: Cloud): string {
  return cloud.region === 'us-east-1' && cloud.dns.privateSuffix === 'compute.internal'
    ? 'ec2.internal'
    : `${cloud.region}.${cloud.dns.privateSuffix}`
}

/** `ec2-54-187-86-32.us-west-2.compute.amazonaws.com`. Source: EC2 User Guide, "EC2 instance hostname types". */
export function publicName(cloud: Cloud, address: string): string {
  return `${publicPrefix}-${address.replaceAll('.', '-')}.${publicDomain(cloud)}`
}

export const publicPrefix = 'ec2'

export function publicDomain(cloud: Cloud): string {
  return cloud.region === 'us-east-1' && cloud.dns.publicSuffix === 'compute.amazonaws.com'
    ? 'compute-1.amazonaws.com'
    : `${cloud.region}.${cloud.dns.publicSuffix}`
}

/**
 * Where the object store is for guests: nobody's address, as it is set aside for documentation. Source: RFC 5737, 192.0.2.0/24.
 */
export const objectsAddress = '192.0.2.129'

/** The object store's own names, which buckets' names are below. Source: Amazon S3 User Guide, "Virtual hosting of buckets". */
export function objectsDomains({ region, dns }: Cloud): string[] {
  const suffix = dns.publicSuffix.replace(/^compute\./, '')
  return [`s3.${region}.${suffix}`, `s3.${suffix}`]
}
