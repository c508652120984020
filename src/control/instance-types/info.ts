/** Instance types as DescribeInstanceTypes shows them. */
import type { InstanceTypeInfo } from '@aws-sdk/client-ec2'
import type { InstanceType, TypeDisk } from '../../model/instance-types.ts'

/**
 * `type` as EC2's `InstanceTypeInfo`. Give it a scaled type and it tells the scaled memory and disks: what a guest will see.
 * What belongs to hardware or services that this cloud lacks (EFA, enclaves, hibernation, spot) is said to be unsupported,
 * whatever Amazon's type of the name has. Source: EC2 API Reference, "InstanceTypeInfo".
 */
export function instanceTypeInfo(type: InstanceType): InstanceTypeInfo {
  return {
    InstanceType: type.name as 'm1.small', // the client's type has the names that Amazon knew when it was made
    CurrentGeneration: type.currentGeneration,
    FreeTierEligible: type.freeTier,
    BareMetal: false,
    Hypervisor: type.hypervisor,
    BurstablePerformanceSupported: type.baseline !== undefined,
    SupportedUsageClasses: ['on-demand'],
    SupportedRootDeviceTypes: ['ebs', 'instance-store'],
    SupportedVirtualizationTypes: [...type.virtualizationTypes],
    SupportedBootModes: ['legacy-bios'],
    ProcessorInfo: { SupportedArchitectures: [...type.architectures], Manufacturer: type.manufacturer },
    VCpuInfo: vcpuInfo(type),
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    ...storageInfo(type.disks),
    EbsInfo: ebsInfo(type),
    NetworkInfo: networkInfo(type),
    PlacementGroupInfo: {
      SupportedStrategies: type.clusters ? ['cluster', 'partition', 'spread'] : ['partition', 'spread'],
    },
    ...lacking,
  }
}

const lacking = {
  AutoRecoverySupported: false,
  DedicatedHostsSupported: false,
  HibernationSupported: false,
  NitroEnclavesSupport: 'unsupported',
  NitroTpmSupport: 'unsupported',
  PhcSupport: 'unsupported',
  RebootMigrationSupport: 'unsupported',
} as const

function vcpuInfo({ vcpus, threadsPerCore }: InstanceType): InstanceTypeInfo['VCpuInfo'] {
  return { DefaultVCpus: vcpus, DefaultCores: vcpus / threadsPerCore, DefaultThreadsPerCore: threadsPerCore }
}

/** Whole GB, as EC2 has them; a scaled disk smaller than one GB counts as one. */
function storageInfo(
  disks: readonly TypeDisk[],
): Pick<InstanceTypeInfo, 'InstanceStorageSupported' | 'InstanceStorageInfo'> {
  if (disks.length === 0) return { InstanceStorageSupported: false }
  const whole = disks.map((it) => ({ ...it, sizeGB: Math.max(1, Math.round(it.sizeGB)) }))
  return {
    InstanceStorageSupported: true,
    InstanceStorageInfo: {
      TotalSizeInGB: whole.reduce((sum, it) => sum + it.count * it.sizeGB, 0),
      Disks: whole.map(({ count, sizeGB, type }) => ({ Count: count, SizeInGB: sizeGB, Type: type })),
      NvmeSupport: 'unsupported',
      EncryptionSupport: 'unsupported',
    },
  }
}

/** Volumes appear as virtio disks: never as NVMe. */
function ebsInfo({ ebsOptimized }: InstanceType): InstanceTypeInfo['EbsInfo'] {
  return { EbsOptimizedSupport: ebsOptimized, EncryptionSupport: 'unsupported', NvmeSupport: 'unsupported' }
}

/** Interfaces are virtio: no type has ENA here. An interface may have as many IPv6 addresses as IPv4 ones. */
function networkInfo({
  network,
  maxInterfaces,
  ipv4PerInterface,
  ipv6,
}: InstanceType): InstanceTypeInfo['NetworkInfo'] {
  return {
    NetworkPerformance: network,
    MaximumNetworkInterfaces: maxInterfaces,
    MaximumNetworkCards: 1,
    DefaultNetworkCardIndex: 0,
    NetworkCards: [{ NetworkCardIndex: 0, NetworkPerformance: network, MaximumNetworkInterfaces: maxInterfaces }],
    Ipv4AddressesPerInterface: ipv4PerInterface,
    Ipv6AddressesPerInterface: ipv6 ? ipv4PerInterface : 0,
    Ipv6Supported: ipv6,
    EnaSupport: 'unsupported',
    EnaSrdSupported: false,
    EfaSupported: false,
    EncryptionInTransitSupported: false,
  }
}
