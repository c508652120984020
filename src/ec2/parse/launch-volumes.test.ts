import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specsFrom } from '../../control/hosts/host-spec.ts'
import { beginSnapshot } from '../../control/snapshots/create.ts'
import { refusal, TestCloud, testCloud, tinyImage } from '../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
const onVolume = 'ami-00000000000000001'
const snapshot = 'snap-00000000000000001'

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
  await cloud.store.transact(async (tx) => {
    const of = { kind: 'image', image: tinyImage, file: 'root.ext4', sizeMiB: 1024 } as const
    const owner = { account: '999999999999', host: 'us-west-2c-1' }
    await beginSnapshot({ tx, now: cloud.clock.now() }, { id: snapshot, ...owner, of, sizeGiB: 1, description: '' })
    await tx.db.updateTable('snapshots').set({ state: 'completed' }).execute()
  })
  const disk = { device: '/dev/sdb', virtual: 'ephemeral0' }
  const root = { device: '/dev/xvda', snapshot, sizeGiB: 8, type: 'gp3', iops: 4000, throughput: 200 }
  await cloud.addImage({
    ...{ id: onVolume, rootSnapshotId: snapshot, rootDeviceName: '/dev/xvda' },
    mappingsJson: JSON.stringify([disk, { ...root, deleteOnTermination: true }]),
  })
})
afterEach(() => cloud[Symbol.asyncDispose]())

async function launched(image: string, mappings: ec2.BlockDeviceMapping[], type: ec2._InstanceType = 'm1.small') {
  const asked = { ImageId: image, MinCount: 1, MaxCount: 1, InstanceType: type, BlockDeviceMappings: mappings }
  const { Instances } = await client.send(
    new ec2.RunInstancesCommand({ ...asked, Placement: { AvailabilityZone: 'us-west-2c' } }),
  )
  const row = await cloud.run(Instances![0]!.InstanceId!)
  const [spec] = await cloud.store.read((reader) => specsFrom(testCloud)(reader, [row.hostId!]))
  const { disks } = spec!.domains.find((it) => it.instance === row.id)!
  const { Volumes } = await client.send(new ec2.DescribeVolumesCommand({}))
  const volumes = (Volumes ?? []).filter((it) => it.Attachments?.[0]?.InstanceId === row.id)
  return {
    instance: Instances![0]!,
    disks: disks.map((it) => `${it.name}=${'label' in it ? it.label : it.kind}`),
    volumes: Object.fromEntries(volumes.map((it) => [it.Attachments![0]!.Device, it])),
  }
}

test('an instance on a volume has the image’s volumes and disks, and no others', async () => {
  const { instance, disks, volumes } = await launched(onVolume, [])
  expect(instance).toMatchObject({ RootDeviceName: '/dev/xvda', RootDeviceType: 'ebs' })
  expect(disks).toEqual(['sdb=ephemeral0'])
  expect(Object.keys(volumes)).toEqual(['/dev/xvda'])
  expect(volumes['/dev/xvda']).toMatchObject({ Size: 8, VolumeType: 'gp3', Iops: 4000, Throughput: 200 })
})

test('mappings change what is at their device, add to it, and take away', async () => {
  await cloud.store.transact((tx) =>
    tx.db.insertInto('snapshotShares').values({ snapshotId: snapshot, accountId: 'all' }).execute(),
  )
  const { disks, volumes } = await launched(onVolume, [
    { DeviceName: '/dev/sda', Ebs: { VolumeSize: 9, DeleteOnTermination: false } },
    { DeviceName: '/dev/sdb', NoDevice: '' },
    { DeviceName: '/dev/sdc', VirtualName: 'ephemeral0' },
    { DeviceName: '/dev/sdd', VirtualName: 'ephemeral7' },
    { DeviceName: '/dev/sde', VirtualName: 'swap' },
    { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 4, VolumeType: 'io1', Iops: 100 } },
    { DeviceName: '/dev/sdg', Ebs: { SnapshotId: snapshot } },
  ])
  expect(disks).toEqual(['sdc=ephemeral0', 'sde=swap'])
  expect(volumes['/dev/xvda']).toMatchObject({ Size: 9, VolumeType: 'gp3', Iops: 4000, SnapshotId: snapshot })
  expect(volumes['/dev/sdf']).toMatchObject({ VolumeType: 'io1', Iops: 100, SnapshotId: '' })
  expect(volumes['/dev/sdg']).toMatchObject({ Size: 1, SnapshotId: snapshot })
  expect(volumes['/dev/xvda']!.Attachments![0]!.DeleteOnTermination).toBe(false)
})

test('an instance without a root volume has all disks of its type, but for what is mapped', async () => {
  expect((await launched(tinyImage, [])).disks).toEqual(['sda1=root', 'sda2=ephemeral0', 'sda3=swap'])
  const mapped = await launched(tinyImage, [
    { DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' },
    { DeviceName: '/dev/sda3', NoDevice: '' },
  ])
  expect(mapped.disks).toEqual(['sda1=root', 'sdb=ephemeral0'])
})

test('the root cannot be left out, made smaller than its snapshot, or be a disk of the type', async () => {
  const told = (mapping: ec2.BlockDeviceMapping) =>
    refusal(launched(onVolume, [{ DeviceName: '/dev/xvda', ...mapping }]))
  expect(await told({ NoDevice: '' })).toMatch(/^InvalidParameterValue: The root device/)
  expect(await told({ VirtualName: 'ephemeral0' })).toMatch(/^InvalidParameterValue: The root device/)
  expect(await told({ Ebs: { VolumeSize: 0 } })).toMatch(/^InvalidParameterValue/)
  expect(await told({ Ebs: { KmsKeyId: 'key' } })).toMatch(/^InvalidParameterDependency/)
})
