import type { InstanceTypeInfo } from '@aws-sdk/client-ec2'
import { type Room, roomIn } from '../../../control/hosts/capacity.ts'
import { instanceTypeInfo } from '../../../control/instance-types/info.ts'
import { disksOfType } from '../../../control/instances/disks.ts'
import type { Cloud } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import { type InstanceType, instanceType, instanceTypes, scaled } from '../../../model/instance-types.ts'
import type { FilterTable } from '../../../query/filters.ts'
import type { InstanceTypeDetail } from '../../../query/model/eucalyptus.ts'
import { describe } from '../../action.ts'

interface Row {
  readonly type: InstanceType
  readonly info: InstanceTypeInfo
  readonly room: readonly Room[]
}

/**
 * The types that instances may have, with the memory and disks that guests see in this cloud. For clients of Eucalyptus the
 * same types in its form too: they read nothing else, and do not say who they are.
 * Refuses: InvalidInstanceType.
 * Source: EC2 API Reference, DescribeInstanceTypes; euca2ools 3.4, `euca-describe-instance-types`.
 */
export const DescribeInstanceTypes = describe('DescribeInstanceTypes', {
  async rows({ InstanceTypes = [] }, { tx, cloud }): Promise<Row[]> {
    const unknown = InstanceTypes.filter((it) => !instanceType(it))
    if (unknown.length > 0) refuse('InvalidInstanceType', { names: unknown.join(', ') })
    const room = await roomIn(tx, cloud)
    return instanceTypes
      .filter((it) => InstanceTypes.length === 0 || InstanceTypes.some((name) => name === it.name))
      .map((type) => ({ type, info: instanceTypeInfo(scaled(type, cloud.scale)), room: room(type) }))
  },
  key: ({ type }) => type.name,
  filters: infoFilters(),
  render: (row, { cloud }) => ({ info: row.info, detail: detailOf(cloud, row) }),
  assemble: (items, { Availability = false }) => ({
    InstanceTypes: items.map((it) => it.info),
    InstanceTypeDetails: items.map(({ detail: { Availability: zones, ...detail } }) =>
      Availability && zones ? { ...detail, Availability: zones } : detail,
    ),
  }),
})

function detailOf(cloud: Cloud, { type, room }: Row): InstanceTypeDetail {
  const { vcpus, memoryMiB } = scaled(type, cloud.scale)
  const diskMiB = disksOfType(cloud, type.name)
    .filter((it) => it.virtual !== 'swap')
    .reduce((sum, it) => sum + it.sizeMiB, 0)
  return {
    Name: type.name,
    Cpu: vcpus,
    Disk: Math.round(diskMiB / 1024),
    Memory: memoryMiB,
    Availability: room.map(({ zone, max, available }) => ({ ZoneName: zone, Max: max, Available: available })),
  }
}

/** Source: EC2 API Reference, DescribeInstanceTypes: each filter is a path in the answer. */
function infoFilters(): FilterTable<Row> {
  const table: Readonly<Record<string, (info: InstanceTypeInfo) => ReturnType<FilterTable<Row>[string]>>> = {
    'auto-recovery-supported': (it) => it.AutoRecoverySupported,
    'bare-metal': (it) => it.BareMetal,
    'burstable-performance-supported': (it) => it.BurstablePerformanceSupported,
    'current-generation': (it) => it.CurrentGeneration,
    'dedicated-hosts-supported': (it) => it.DedicatedHostsSupported,
    'ebs-info.attachment-limit-type': () => undefined,
    'ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps': () => undefined,
    'ebs-info.ebs-optimized-info.baseline-iops': () => undefined,
    'ebs-info.ebs-optimized-info.baseline-throughput-in-mbps': () => undefined,
    'ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps': () => undefined,
    'ebs-info.ebs-optimized-info.maximum-iops': () => undefined,
    'ebs-info.ebs-optimized-info.maximum-throughput-in-mbps': () => undefined,
    'ebs-info.ebs-optimized-support': (it) => it.EbsInfo?.EbsOptimizedSupport,
    'ebs-info.encryption-support': (it) => it.EbsInfo?.EncryptionSupport,
    'ebs-info.maximum-ebs-attachments': () => undefined,
    'ebs-info.nvme-support': (it) => it.EbsInfo?.NvmeSupport,
    'free-tier-eligible': (it) => it.FreeTierEligible,
    'hibernation-supported': (it) => it.HibernationSupported,
    hypervisor: (it) => it.Hypervisor,
    'instance-storage-info.disk.count': (it) => it.InstanceStorageInfo?.Disks?.map((disk) => disk.Count),
    'instance-storage-info.disk.size-in-gb': (it) => it.InstanceStorageInfo?.Disks?.map((disk) => disk.SizeInGB),
    'instance-storage-info.disk.type': (it) => it.InstanceStorageInfo?.Disks?.map((disk) => disk.Type),
    'instance-storage-info.encryption-support': (it) => it.InstanceStorageInfo?.EncryptionSupport,
    'instance-storage-info.nvme-support': (it) => it.InstanceStorageInfo?.NvmeSupport,
    'instance-storage-info.total-size-in-gb': (it) => it.InstanceStorageInfo?.TotalSizeInGB,
    'instance-storage-supported': (it) => it.InstanceStorageSupported,
    'instance-type': (it) => it.InstanceType,
    'memory-info.size-in-mib': (it) => it.MemoryInfo?.SizeInMiB,
    'network-info.bandwidth-weightings': () => undefined,
    'network-info.efa-info.maximum-efa-interfaces': () => undefined,
    'network-info.efa-supported': (it) => it.NetworkInfo?.EfaSupported,
    'network-info.ena-support': (it) => it.NetworkInfo?.EnaSupport,
    'network-info.encryption-in-transit-supported': (it) => it.NetworkInfo?.EncryptionInTransitSupported,
    'network-info.flexible-ena-queues-support': () => undefined,
    'network-info.ipv4-addresses-per-interface': (it) => it.NetworkInfo?.Ipv4AddressesPerInterface,
    'network-info.ipv6-addresses-per-interface': (it) => it.NetworkInfo?.Ipv6AddressesPerInterface,
    'network-info.ipv6-supported': (it) => it.NetworkInfo?.Ipv6Supported,
    'network-info.maximum-network-cards': (it) => it.NetworkInfo?.MaximumNetworkCards,
    'network-info.maximum-network-interfaces': (it) => it.NetworkInfo?.MaximumNetworkInterfaces,
    'network-info.network-performance': (it) => it.NetworkInfo?.NetworkPerformance,
    'nitro-enclaves-support': (it) => it.NitroEnclavesSupport,
    'nitro-tpm-info.supported-versions': () => undefined,
    'nitro-tpm-support': (it) => it.NitroTpmSupport,
    'processor-info.supported-architecture': (it) => it.ProcessorInfo?.SupportedArchitectures,
    'processor-info.supported-features': () => undefined,
    'processor-info.sustained-clock-speed-in-ghz': () => undefined,
    'reboot-migration-support': (it) => it.RebootMigrationSupport,
    'supported-boot-mode': (it) => it.SupportedBootModes,
    'supported-root-device-type': (it) => it.SupportedRootDeviceTypes,
    'supported-usage-class': (it) => it.SupportedUsageClasses,
    'supported-virtualization-type': (it) => it.SupportedVirtualizationTypes,
    'vcpu-info.default-cores': (it) => it.VCpuInfo?.DefaultCores,
    'vcpu-info.default-threads-per-core': (it) => it.VCpuInfo?.DefaultThreadsPerCore,
    'vcpu-info.default-vcpus': (it) => it.VCpuInfo?.DefaultVCpus,
    'vcpu-info.valid-cores': (it) => it.VCpuInfo?.ValidCores,
    'vcpu-info.valid-threads-per-core': (it) => it.VCpuInfo?.ValidThreadsPerCore,
  }
  return Object.fromEntries(Object.entries(table).map(([name, read]) => [name, ({ info }: Row) => read(info)]))
}
