/**
 * The instance types, as data: a family says what its types share, a row what one type has.
 *
 * Source, unless a family says otherwise: answers of DescribeInstanceTypes as recorded by moto
 * (`moto/ec2/resources/instance_types.json`); interfaces and addresses also in amazon-vpc-cni-k8s
 * (`pkg/vpc/vpc_ip_resource_limit.go`); ECUs from the EC2 pricing page as long as it gave them (until 2021).
 */

/** size, vCPUs, memory in MiB, ECUs, network performance, interfaces, IPv4 addresses of each, and what else differs. */
type Row = readonly [string, number, number, number, string, number, number, RowDetails?]

export interface RowDetails {
  /** Disks of the host: how many, of how many GB each. */
  readonly disks?: readonly [count: number, sizeGB: number]
  /** Share of each vCPU that a burstable type may always use. */
  readonly baseline?: number
  readonly ebsOptimized?: EbsOptimized
  readonly bits32?: boolean
  /** Source: AWS free tier as it was until July 2025. */
  readonly freeTier?: boolean
  readonly threadsPerCore?: 1 | 2
}

export type EbsOptimized = 'unsupported' | 'supported' | 'default'

export interface Family {
  readonly hypervisor: 'xen' | 'nitro'
  readonly currentGeneration: boolean
  readonly virtualizationTypes: readonly ('hvm' | 'paravirtual')[]
  readonly threadsPerCore: 1 | 2
  readonly diskType: 'hdd' | 'ssd'
  readonly ebsOptimized: EbsOptimized
  readonly ipv6: boolean
  /** Whether instances of it may be in a cluster placement group. */
  readonly clusters: boolean
  readonly manufacturer: 'Intel' | 'AMD'
  readonly rows: readonly Row[]
}

type Traits = Omit<Family, 'rows'>

/** What ran on Xen from 2006 on: a core is a core, and a guest may be paravirtual. */
const classic: Traits = {
  hypervisor: 'xen',
  currentGeneration: false,
  virtualizationTypes: ['hvm', 'paravirtual'],
  threadsPerCore: 1,
  diskType: 'hdd',
  ebsOptimized: 'unsupported',
  ipv6: false,
  clusters: false,
  manufacturer: 'Intel',
}
const xen: Traits = {
  ...classic,
  currentGeneration: true,
  virtualizationTypes: ['hvm'],
  threadsPerCore: 2,
  diskType: 'ssd',
  ipv6: true,
  clusters: true,
}
const nitro: Traits = { ...xen, hypervisor: 'nitro', ebsOptimized: 'default' }

const upTo5 = 'Up to 5 Gigabit'
const upTo10 = 'Up to 10 Gigabit'
const upTo12 = 'Up to 12.5 Gigabit'
const low = 'Low to Moderate'
const GiB = 1024

/** Four sizes, large to 4xlarge, with 2, 4, 8 and 16 vCPUs: interfaces are the same in all families made since 2013. */
function fourSizes(memoryGiBPerVcpu: number, ecus: readonly [number, number, number, number], network: string): Row[] {
  const sizes = ['large', 'xlarge', '2xlarge', '4xlarge'] as const
  const interfaces = [
    [3, 10],
    [4, 15],
    [4, 15],
    [8, 30],
  ] as const
  return sizes.map((size, index) => {
    const vcpus = 2 ** (index + 1)
    return [size, vcpus, vcpus * memoryGiBPerVcpu * GiB, ecus[index]!, network, ...interfaces[index]!] // both have four
  })
}

/** Guess: AWS publishes no ECUs for these; about what it last said of a vCPU (m5, c5 and r5: 4.4 to 5). */
const unpublished = [10, 20, 40, 80] as const

/** Source of the baselines: EC2 User Guide, "Key concepts for burstable performance instances". Guess: ECUs, 5 for a vCPU. */
const t3Rows: readonly Row[] = [
  ['nano', 2, 512, 10, upTo5, 2, 2, { baseline: 0.05 }],
  ['micro', 2, 1 * GiB, 10, upTo5, 2, 2, { baseline: 0.1, freeTier: true }],
  ['small', 2, 2 * GiB, 10, upTo5, 3, 4, { baseline: 0.2 }],
  ['medium', 2, 4 * GiB, 10, upTo5, 3, 6, { baseline: 0.2 }],
  ['large', 2, 8 * GiB, 10, upTo5, 3, 12, { baseline: 0.3 }],
  ['xlarge', 4, 16 * GiB, 20, upTo5, 4, 15, { baseline: 0.4 }],
  ['2xlarge', 8, 32 * GiB, 40, upTo5, 4, 15, { baseline: 0.4 }],
]

export const families = {
  /**
   * Source: EC2 announcements of August 2006 (m1.small: 1.7 GB, 1 ECU, 160 GB) and October 2007 (m1.large: 7.5 GB, 4 ECU,
   * 850 GB; m1.xlarge: 15 GB, 8 ECU, 1,690 GB). The announced disk is the disks here and, from m1.large on, the root's 10 GB.
   */
  m1: {
    ...classic,
    rows: [
      ['small', 1, 1740, 1, 'Low', 2, 4, { disks: [1, 160], bits32: true }],
      ['medium', 1, 3788, 2, 'Moderate', 2, 6, { disks: [1, 410], bits32: true }],
      ['large', 2, 7680, 4, 'Moderate', 3, 10, { disks: [2, 420], ebsOptimized: 'supported' }],
      ['xlarge', 4, 15360, 8, 'High', 4, 15, { disks: [4, 420], ebsOptimized: 'supported' }],
    ],
  },
  /** Source: EC2 announcement of May 2008. */
  c1: {
    ...classic,
    rows: [
      ['medium', 2, 1740, 5, 'Moderate', 2, 6, { disks: [1, 350], bits32: true }],
      ['xlarge', 8, 7168, 20, 'High', 4, 15, { disks: [4, 420], ebsOptimized: 'supported' }],
    ],
  },
  /** Source: EC2 announcements of October 2009 and February 2010. */
  m2: {
    ...classic,
    rows: [
      ['xlarge', 2, 17510, 6.5, 'Moderate', 4, 15, { disks: [1, 420] }],
      ['2xlarge', 4, 35020, 13, 'Moderate', 4, 30, { disks: [1, 850], ebsOptimized: 'supported' }],
      ['4xlarge', 8, 70041, 26, 'High', 8, 30, { disks: [2, 840], ebsOptimized: 'supported' }],
    ],
  },
  /** Source: EC2 announcement of September 2010: up to 2 ECUs in bursts. It has no credits and does not count as burstable. */
  t1: { ...classic, rows: [['micro', 1, 627, 2, 'Very Low', 2, 2, { bits32: true }]] },
  m3: {
    ...xen,
    currentGeneration: false,
    virtualizationTypes: ['hvm', 'paravirtual'],
    ipv6: false,
    clusters: false,
    rows: [
      ['medium', 1, 3840, 3, 'Moderate', 2, 6, { disks: [1, 4], threadsPerCore: 1 }],
      ['large', 2, 7680, 6.5, 'Moderate', 3, 10, { disks: [1, 32] }],
      ['xlarge', 4, 15360, 13, 'High', 4, 15, { disks: [2, 40], ebsOptimized: 'supported' }],
      ['2xlarge', 8, 30720, 26, 'High', 4, 30, { disks: [2, 80], ebsOptimized: 'supported' }],
    ],
  },
  c3: {
    ...xen,
    currentGeneration: false,
    virtualizationTypes: ['hvm', 'paravirtual'],
    rows: [
      ['large', 2, 3840, 7, 'Moderate', 3, 10, { disks: [2, 16], bits32: true }],
      ['xlarge', 4, 7680, 14, 'Moderate', 4, 15, { disks: [2, 40], ebsOptimized: 'supported' }],
      ['2xlarge', 8, 15360, 28, 'High', 4, 15, { disks: [2, 80], ebsOptimized: 'supported' }],
      ['4xlarge', 16, 30720, 55, 'High', 8, 30, { disks: [2, 160], ebsOptimized: 'supported' }],
    ],
  },
  /** Source of the baselines: as t3's. Guess: ECUs, 3 for a vCPU, as m3's of the same years. */
  t2: {
    ...xen,
    threadsPerCore: 1,
    clusters: false,
    rows: [
      ['nano', 1, 512, 3, low, 2, 2, { baseline: 0.05, bits32: true }],
      ['micro', 1, 1 * GiB, 3, low, 2, 2, { baseline: 0.1, bits32: true, freeTier: true }],
      ['small', 1, 2 * GiB, 3, low, 3, 4, { baseline: 0.2, bits32: true }],
      ['medium', 2, 4 * GiB, 6, low, 3, 6, { baseline: 0.2, bits32: true }],
      ['large', 2, 8 * GiB, 6, low, 3, 12, { baseline: 0.3 }],
      ['xlarge', 4, 16 * GiB, 12, 'Moderate', 3, 15, { baseline: 0.225 }],
      ['2xlarge', 8, 32 * GiB, 24, 'Moderate', 3, 15, { baseline: 0.17 }],
    ],
  },
  t3: { ...nitro, clusters: false, rows: t3Rows },
  t3a: {
    ...nitro,
    clusters: false,
    manufacturer: 'AMD',
    rows: t3Rows.map(
      ([size, vcpus, memory, ecu, network, enis, addresses, details]) =>
        [
          size,
          vcpus,
          memory,
          ecu,
          network,
          size === 'small' ? 2 : enis,
          addresses,
          { ...details, freeTier: false },
        ] as const,
    ),
  },
  m4: {
    ...xen,
    ebsOptimized: 'default',
    rows: [
      ['large', 2, 8 * GiB, 6.5, 'Moderate', 2, 10],
      ['xlarge', 4, 16 * GiB, 13, 'High', 4, 15],
      ['2xlarge', 8, 32 * GiB, 26, 'High', 4, 15],
      ['4xlarge', 16, 64 * GiB, 53.5, 'High', 8, 30],
    ],
  },
  c4: {
    ...xen,
    ebsOptimized: 'default',
    rows: [
      ['large', 2, 3840, 8, 'Moderate', 3, 10],
      ['xlarge', 4, 7680, 16, 'High', 4, 15],
      ['2xlarge', 8, 15360, 31, 'High', 4, 15],
      ['4xlarge', 16, 30720, 62, 'High', 8, 30],
    ],
  },
  r4: { ...xen, ebsOptimized: 'default', rows: fourSizes(7.625, [7, 13.5, 27, 53], upTo10) },
  m5: { ...nitro, rows: fourSizes(4, [10, 16, 37, 70], upTo10) },
  m5a: { ...nitro, manufacturer: 'AMD', rows: fourSizes(4, unpublished, upTo10) },
  m6i: { ...nitro, rows: fourSizes(4, unpublished, upTo12) },
  m6a: { ...nitro, manufacturer: 'AMD', rows: fourSizes(4, unpublished, upTo12) },
  m7i: { ...nitro, rows: fourSizes(4, unpublished, upTo12) },
  c5: { ...nitro, rows: fourSizes(2, [10, 20, 39, 73], upTo10) },
  c6i: { ...nitro, rows: fourSizes(2, unpublished, upTo12) },
  c7i: { ...nitro, rows: fourSizes(2, unpublished, upTo12) },
  r5: { ...nitro, rows: fourSizes(8, [10, 19, 37, 70], upTo10) },
  r6i: { ...nitro, rows: fourSizes(8, unpublished, upTo12) },
  r7i: { ...nitro, rows: fourSizes(8, unpublished, upTo12) },
} as const satisfies Record<string, Family>
