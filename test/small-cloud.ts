/** The cloud that tests of the control plane stand on: one zone, hosts for a few small guests, one image. */
import type { Cloud } from '../src/model/cloud.ts'
import { instanceType } from '../src/model/instance-types.ts'

export const smallCloud: Cloud = {
  region: 'us-west-2',
  zones: ['a'],
  dns: { publicSuffix: 'compute.amazonaws.com', privateSuffix: 'compute.internal' },
  scale: 8,
  ecuPerCore: 1,
  pool6: '2001:db8:1000::/40',
  publicPool: { first: '203.0.113.10', last: '203.0.113.20' },
  endpoint: 'http://127.0.0.1:8773',
}

/** Of each host. */
export const capacity = { memoryMiB: 4096, cores: 2, diskGiB: 100, accelerator: 'none' } as const

/** There is no other region. */
export const nothingArrives = { fetch: async () => false, clear: async () => {} }

/** A row of images. */
export const tinyImage = {
  id: 'ami-11111111',
  accountId: '137112412989',
  ownerAlias: 'amazon',
  name: 'tiny',
  description: '',
  state: 'available',
  isPublic: 1,
  architecture: 'x86_64',
  kernelFile: 'vmlinuz',
  firmware: null,
  ramdiskFile: 'initrd',
  rootFile: 'root.img',
  commandLine: 'console=ttyS0',
  rootSizeMib: 10,
  digest: '',
  createdAt: 0,
} as const

/** A launch of it, but for how many, whose, and where. */
export const launchRequest = {
  image: tinyImage,
  type: instanceType('m1.small')!,
  shutdownBehavior: 'terminate',
  apiTerminationDisabled: false,
  apiStopDisabled: false,
  monitoring: false,
  ebsOptimized: false,
  metadata: { tokens: 'optional', hopLimit: 1, enabled: true, tagsEnabled: false, ipv6Enabled: false },
  tenancy: 'default',
  description: '',
} as const
