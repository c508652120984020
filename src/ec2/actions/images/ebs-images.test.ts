import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { beginSnapshot } from '../../../control/snapshots/create.ts'
import type { ImageId, InstanceId } from '../../../model/ids.ts'
import { bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
const onVolume = 'ami-00000000000000001'
const base = 'snap-00000000000000001'

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
  await cloud.store.transact(async (tx) => {
    const of = { kind: 'image', image: tinyImage, file: 'root.ext4', sizeMiB: 1024 } as const
    const owner = { account: '999999999999', host: 'us-west-2c-1' }
    await beginSnapshot({ tx, now: cloud.clock.now() }, { id: base, ...owner, of, sizeGiB: 1, description: '' })
  })
  await cloud.addImage({ ...{ id: onVolume, rootSnapshotId: base, bootImageId: tinyImage }, name: 'tiny-ebs' })
  await complete()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const complete = () =>
  cloud.store.transact(async (tx) => {
    await tx.db.updateTable('snapshots').set({ state: 'completed' }).where('state', '=', 'pending').execute()
    await tx.db.updateTable('volumes').set({ state: 'available' }).execute()
  })

async function launch(image: string = onVolume): Promise<string> {
  const BlockDeviceMappings = [
    {
      DeviceName: '/dev/sdf',
      Ebs: { VolumeSize: 4, VolumeType: 'io1' as const, Iops: 100, DeleteOnTermination: false },
    },
  ]
  const asked = { ImageId: image, MinCount: 1, MaxCount: 1, BlockDeviceMappings }
  const { Instances } = await client.send(
    new ec2.RunInstancesCommand({ ...asked, Placement: { AvailabilityZone: 'us-west-2c' } }),
  )
  await complete()
  await cloud.run(Instances![0]!.InstanceId!)
  return Instances![0]!.InstanceId!
}

const create = async (InstanceId: string, more: Partial<ec2.CreateImageCommandInput> = {}) =>
  (await client.send(new ec2.CreateImageCommand({ InstanceId, Name: 'copy', NoReboot: true, ...more }))).ImageId!
const described = async (id: string) =>
  (await client.send(new ec2.DescribeImagesCommand({ ImageIds: [id] }))).Images![0]!
const instanceRow = (id: string) =>
  cloud.store.read(({ db }) =>
    db
      .selectFrom('instances')
      .selectAll()
      .where('id', '=', id as InstanceId)
      .executeTakeFirstOrThrow(),
  )
const makeAvailable = (id: string) =>
  cloud.store.transact((tx) =>
    tx.db
      .updateTable('images')
      .set({ state: 'available' })
      .where('id', '=', id as ImageId)
      .execute(),
  )

test('an image of an instance has all its volumes, as they are, and boots as it does', async () => {
  const instance = await launch()
  const id = await create(instance, { Description: 'of it' })
  const image = await described(id)
  expect(image).toMatchObject({ State: 'pending', Name: 'copy', Description: 'of it', SourceInstanceId: instance })
  expect(image).toMatchObject({ RootDeviceType: 'ebs', RootDeviceName: '/dev/sda1', Public: false })
  const [root, other] = image.BlockDeviceMappings!
  expect(root).toMatchObject({ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 1, DeleteOnTermination: true } })
  const ebs = { VolumeSize: 4, VolumeType: 'io1', Iops: 100, DeleteOnTermination: false }
  expect(other).toMatchObject({ DeviceName: '/dev/sdf', Ebs: ebs })
  const { Snapshots } = await client.send(new ec2.DescribeSnapshotsCommand({ OwnerIds: ['self'] }))
  const taken = Snapshots!.map((it) => [it.SnapshotId, it.Description])
  const description = `Created by CreateImage(${instance}) for ${id}`
  const ids = [root!.Ebs!.SnapshotId, other!.Ebs!.SnapshotId].sort()
  expect(taken).toEqual(ids.map((it) => [it, description]))

  await complete()
  await makeAvailable(id)
  const again = await launch(id)
  const row = await instanceRow(again)
  const [spec] = await cloud.store.read((reader) => specsFrom(testCloud)(reader, [row.hostId!]))
  expect(spec!.domains.find((it) => it.instance === again)!.boot).toMatchObject({ image: tinyImage, kernel: 'vmlinuz' })
})

test('a running guest goes off first, unless that is not wanted', async () => {
  const instance = await launch()
  await create(instance)
  expect(await instanceRow(instance)).toMatchObject({ reboots: 0, holdReboot: null })
  await create(instance, { Name: 'quiet', NoReboot: false })
  expect(await instanceRow(instance)).toMatchObject({ reboots: 1, holdReboot: 1 })
  expect(await refusal(create(instance, { Name: 'another', NoReboot: false }))).toMatch(/^IncorrectInstanceState/)
})

test('mappings of an image leave out volumes, and add some', async () => {
  const id = await create(await launch(), {
    BlockDeviceMappings: [
      { DeviceName: '/dev/sdf', NoDevice: '' },
      { DeviceName: '/dev/sda1', Ebs: { VolumeType: 'gp2', VolumeSize: 8 } },
      { DeviceName: '/dev/sdg', Ebs: { VolumeSize: 2 } },
      { DeviceName: '/dev/sdh', VirtualName: 'ephemeral0' },
    ],
  })
  expect((await described(id)).BlockDeviceMappings).toMatchObject([
    { DeviceName: '/dev/sda1', Ebs: { VolumeType: 'gp2', VolumeSize: 8 } },
    { DeviceName: '/dev/sdg', Ebs: { VolumeSize: 2 } },
    { DeviceName: '/dev/sdh', VirtualName: 'ephemeral0' },
  ])
})

test('an image is refused of an instance without a root volume, under a name that is taken, and of a stranger’s', async () => {
  const instance = await launch()
  await create(instance)
  expect(await refusal(create(instance))).toMatch(/^InvalidAMIName.Duplicate/)
  expect(await refusal(create(instance, { Name: 'x' }))).toMatch(/^InvalidAMIName.Malformed/)
  expect(await refusal(create(await launch(tinyImage), { Name: 'store' }))).toMatch(/^UnsupportedOperation/)
  const asBob = cloud.client(bob).send(new ec2.CreateImageCommand({ InstanceId: instance, Name: 'his' }))
  expect(await refusal(asBob)).toMatch(/^InvalidInstanceID.NotFound/)
  await cloud.change(instance, { state: 'stopping' })
  expect(await refusal(create(instance, { Name: 'late' }))).toMatch(/^IncorrectInstanceState/)
})

test('a snapshot stays while an image is made of it, and stays or goes with it as is asked', async () => {
  const id = await create(await launch())
  const snapshots = (await described(id)).BlockDeviceMappings!.map((it) => it.Ebs!.SnapshotId!)
  await complete()
  const remove = (SnapshotId: string) => client.send(new ec2.DeleteSnapshotCommand({ SnapshotId }))
  expect(await refusal(remove(snapshots[0]!))).toBe(
    `InvalidSnapshot.InUse: The snapshot ${snapshots[0]} is currently in use by ${id}`,
  )
  await client.send(new ec2.DeregisterImageCommand({ ImageId: id }))
  await remove(snapshots[0]!)
  const another = await create(await launch(), { Name: 'another' })
  await complete()
  const answer = await client.send(
    new ec2.DeregisterImageCommand({ ImageId: another, DeleteAssociatedSnapshots: true }),
  )
  expect(answer.DeleteSnapshotResults!.map((it) => it.ReturnCode)).toEqual(['success', 'success'])
  const { Snapshots } = await client.send(new ec2.DescribeSnapshotsCommand({ OwnerIds: ['self'] }))
  expect(Snapshots!.map((it) => it.SnapshotId)).toEqual([snapshots[1]])
})

test('an image is registered over a snapshot, and boots as the root that it descends from', async () => {
  const volume = (await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [await launch()] })))
    .Reservations![0]!.Instances![0]!.BlockDeviceMappings![0]!.Ebs!.VolumeId!
  const { SnapshotId } = await client.send(new ec2.CreateSnapshotCommand({ VolumeId: volume }))
  const register = async (
    more: Partial<ec2.RegisterImageCommandInput> = {},
    Ebs: ec2.EbsBlockDevice = { SnapshotId },
  ) =>
    (
      await client.send(
        new ec2.RegisterImageCommand({
          Name: 'registered',
          RootDeviceName: '/dev/xvda',
          BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs }],
          ...more,
        }),
      )
    ).ImageId!
  expect(await refusal(register())).toMatch(/^IncorrectState/)
  await complete()
  expect(await refusal(register({}, { VolumeSize: 8 }))).toMatch(/^InvalidBlockDeviceMapping/)
  expect(await refusal(register({ Name: undefined }))).toMatch(/^MissingParameter/)
  expect(await refusal(register({ Architecture: 'arm64' }))).toMatch(/^InvalidParameterValue/)
  expect(await refusal(register({ KernelId: 'aki-12345678' }))).toMatch(/^InvalidAMIID.NotFound/)
  const id = await register()
  expect(await described(id)).toMatchObject({ State: 'available', RootDeviceName: '/dev/xvda', Architecture: 'x86_64' })
  const rowOf = (of: string) =>
    cloud.store.read(({ db }) =>
      db
        .selectFrom('images')
        .selectAll()
        .where('id', '=', of as ImageId)
        .executeTakeFirstOrThrow(),
    )
  expect(await rowOf(id)).toMatchObject({ bootImageId: tinyImage, kernelFile: 'vmlinuz', firmware: null })
  const uefi = await register({ Name: 'by uefi', BootMode: 'uefi' })
  expect(await rowOf(uefi)).toMatchObject({ bootImageId: null, kernelFile: null, firmware: 'uefi' })
  cloud.hasUefi = false
  expect(await refusal(register({ Name: 'by none', BootMode: 'uefi' }))).toMatch(/^UnsupportedOperation.*ovmf/)
})
