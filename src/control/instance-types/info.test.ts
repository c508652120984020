import { expect, test } from 'vitest'
import { instanceType, instanceTypes, scaled } from '../../model/instance-types.ts'
import { instanceTypeInfo } from './info.ts'

test('m1.large looks as it does at Amazon', () => {
  expect(instanceTypeInfo(instanceType('m1.large')!)).toMatchObject({
    InstanceType: 'm1.large',
    CurrentGeneration: false,
    Hypervisor: 'xen',
    BurstablePerformanceSupported: false,
    SupportedVirtualizationTypes: ['hvm', 'paravirtual'],
    ProcessorInfo: { SupportedArchitectures: ['x86_64'], Manufacturer: 'Intel' },
    VCpuInfo: { DefaultVCpus: 2, DefaultCores: 2, DefaultThreadsPerCore: 1 },
    MemoryInfo: { SizeInMiB: 7680 },
    InstanceStorageSupported: true,
    InstanceStorageInfo: { TotalSizeInGB: 840, Disks: [{ Count: 2, SizeInGB: 420, Type: 'hdd' }] },
    NetworkInfo: {
      NetworkPerformance: 'Moderate',
      MaximumNetworkInterfaces: 3,
      Ipv4AddressesPerInterface: 10,
      Ipv6Supported: false,
    },
    PlacementGroupInfo: { SupportedStrategies: ['partition', 'spread'] },
  })
})

test('t3.micro is burstable, hyperthreaded and without disks', () => {
  expect(instanceTypeInfo(instanceType('t3.micro')!)).toMatchObject({
    BurstablePerformanceSupported: true,
    VCpuInfo: { DefaultVCpus: 2, DefaultCores: 1, DefaultThreadsPerCore: 2 },
    InstanceStorageSupported: false,
    NetworkInfo: { Ipv6AddressesPerInterface: 2 },
  })
  expect(instanceTypeInfo(instanceType('t3.micro')!)).not.toHaveProperty('InstanceStorageInfo')
})

test('a scaled type tells what its guests will see, in whole GB', () => {
  const info = instanceTypeInfo(scaled(instanceType('m1.small')!, 1000))
  expect(info.MemoryInfo).toEqual({ SizeInMiB: 96 })
  expect(info.InstanceStorageInfo).toMatchObject({ TotalSizeInGB: 1, Disks: [{ Count: 1, SizeInGB: 1 }] })
})

test('every type has the members that Terraform, Ansible and Packer read', () => {
  for (const info of instanceTypes.map(instanceTypeInfo)) {
    expect(info.VCpuInfo?.DefaultCores, info.InstanceType).toBeGreaterThanOrEqual(1)
    expect(info.ProcessorInfo?.SupportedArchitectures, info.InstanceType).toContain('x86_64')
    expect(info.NetworkInfo?.NetworkCards, info.InstanceType).toHaveLength(1)
    expect(info.EbsInfo, info.InstanceType).toBeDefined()
  }
})
