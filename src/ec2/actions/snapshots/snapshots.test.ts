import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { VolumeId } from '../../../model/ids.ts'
import { bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2
const zone = 'us-west-2c'

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const settle = () =>
  cloud.store.transact(async (tx) => {
    await tx.db.updateTable('volumes').set({ state: 'available' }).where('state', '=', 'creating').execute()
    await tx.db.updateTable('snapshots').set({ state: 'completed' }).where('state', '=', 'pending').execute()
  })

async function volume(): Promise<VolumeId> {
  const { VolumeId } = await client.createVolume({ AvailabilityZone: zone, Size: 1 })
  await settle()
  return VolumeId as VolumeId
}

/** An instance that has these volumes. */
async function instanceWith(...ids: VolumeId[]): Promise<string> {
  const asked = { ImageId: tinyImage, MinCount: 1, MaxCount: 1, Placement: { AvailabilityZone: zone } }
  const { Instances } = await client.runInstances(asked)
  const id = Instances![0]!.InstanceId!
  await cloud.run(id)
  for (const [index, VolumeId] of ids.entries())
    await client.attachVolume({ VolumeId, InstanceId: id, Device: `/dev/sd${'fgh'[index]}` })
  return id
}

test('all volumes of an instance are taken at once, but for those that are left out', async () => {
  const [one, two] = [await volume(), await volume()]
  const InstanceId = await instanceWith(one, two)
  await client.createTags({ Resources: [two], Tags: [{ Key: 'of', Value: 'two' }] })
  const both = await client.createSnapshots({
    ...{ InstanceSpecification: { InstanceId }, Description: 'set', CopyTagsFromSource: 'volume' },
    TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'set', Value: '1' }] }],
  })
  const told = both.Snapshots!.map((it) => [
    it.VolumeId,
    it.Description,
    Object.fromEntries(it.Tags!.map((at) => [at.Key, at.Value])),
  ])
  expect(told).toHaveLength(2)
  expect(told).toContainEqual([one, 'set', { set: '1' }])
  expect(told).toContainEqual([two, 'set', { of: 'two', set: '1' }])
  const some = (ExcludeDataVolumeIds: string[]) =>
    client.createSnapshots({ InstanceSpecification: { InstanceId, ExcludeDataVolumeIds } })
  expect((await some([one])).Snapshots!.map((it) => it.VolumeId)).toEqual([two])
  expect(await refusal(some([one, two]))).toMatch(/^InvalidParameterValue/)
  expect(await refusal(some(['vol-12345678']))).toMatch(/^InvalidVolume.NotFound/)
})

test('a snapshot is in the standard tier, and cannot be archived', async () => {
  const { SnapshotId } = await client.createSnapshot({ VolumeId: await volume() })
  const { SnapshotTierStatuses } = await client.describeSnapshotTierStatus({})
  expect(SnapshotTierStatuses).toMatchObject([{ SnapshotId, StorageTier: 'standard' }])
  expect((await cloud.client(bob).describeSnapshotTierStatus({})).SnapshotTierStatuses).toEqual([])
  expect(await refusal(client.modifySnapshotTier({ SnapshotId, StorageTier: 'archive' }))).toMatch(
    /^UnsupportedOperation/,
  )
})

test('fast restores are enabled for none, and that is said', async () => {
  const { SnapshotId } = await client.createSnapshot({ VolumeId: await volume() })
  const asked = { SourceSnapshotIds: [SnapshotId!], AvailabilityZones: [zone] }
  const { Successful, Unsuccessful } = await client.enableFastSnapshotRestores(asked)
  expect(Successful).toEqual([])
  const [{ FastSnapshotRestoreStateErrors: [error] = [] } = {}] = Unsuccessful!
  expect([error!.AvailabilityZone, error!.Error!.Code]).toEqual([zone, 'UnsupportedOperation'])
  expect((await client.disableFastSnapshotRestores(asked)).Unsuccessful).toHaveLength(1)
  expect((await client.describeFastSnapshotRestores({})).FastSnapshotRestores).toEqual([])
  const unknown = { ...asked, SourceSnapshotIds: ['snap-12345678'] }
  expect(await refusal(client.enableFastSnapshotRestores(unknown))).toMatch(/^InvalidSnapshot.NotFound/)
})

test('a volume whose files are broken shows in its own status and in that of its instance', async () => {
  const id = await volume()
  const instance = await instanceWith(id)
  const statuses = async () => {
    const { VolumeStatuses } = await client.describeVolumeStatus({ VolumeIds: [id] })
    const { InstanceStatuses } = await client.describeInstanceStatus({ InstanceIds: [instance] })
    return [VolumeStatuses![0]!.VolumeStatus!.Status, InstanceStatuses![0]!.AttachedEbsStatus!.Status]
  }
  expect(await statuses()).toEqual(['ok', 'ok'])
  await client.enableVolumeIO({ VolumeId: id })
  await cloud.store.transact((tx) => tx.db.updateTable('volumes').set({ state: 'error' }).execute())
  expect(await statuses()).toEqual(['impaired', 'impaired'])
  const filter = { Filters: [{ Name: 'attached-ebs-status.status', Values: ['impaired'] }] }
  expect((await client.describeInstanceStatus(filter)).InstanceStatuses).toHaveLength(1)
  expect(await refusal(client.enableVolumeIO({ VolumeId: id }))).toMatch(/^IncorrectState/)
})

test('a volume that its host cannot serve to its guest is impaired, and says why; one that nobody waits for is not', async () => {
  const [waited, other] = [await volume(), await volume()]
  const instance = await instanceWith(waited)
  const message = "QEMU ended (1): Could not open '/var/lib/c/volumes/a1/vol-1/0.qcow2': No space left on device"
  const fail = (attempts: number, domains: string[] = []) =>
    cloud.store.transact(async (tx) => {
      const troublesJson = JSON.stringify([waited, other].map((subject) => ({ subject, message, attempts })))
      await tx.db.updateTable('hosts').set({ troublesJson }).execute()
      const { hostId } = await tx.db.selectFrom('volumes').select('hostId').executeTakeFirstOrThrow()
      await tx.db.deleteFrom('volumeFacts').execute()
      const common = { state: 'ready', sizeMib: 1024, frozenJson: '[]', limitsJson: null, message: null } as const
      const facts = [waited, other].map((id) => ({ id, hostId, domainsJson: JSON.stringify(domains), ...common }))
      await tx.db.insertInto('volumeFacts').values(facts).execute()
    })
  const statuses = async () => (await client.describeVolumeStatus({ VolumeIds: [waited, other] })).VolumeStatuses!
  const told = async () => new Map((await statuses()).map((it) => [it.VolumeId, it.VolumeStatus!.Status]))
  await fail(4)
  expect((await told()).get(waited)).toBe('ok')
  await fail(5)
  expect(await told()).toEqual(
    new Map([
      [waited, 'impaired'],
      [other, 'ok'],
    ]),
  )
  const Filters = [{ Name: 'event.event-type', Values: ['potential-data-*'] }]
  const { VolumeStatuses } = await client.describeVolumeStatus({ Filters })
  expect(VolumeStatuses!.map((it) => [it.VolumeId, it.Events![0]!.Description])).toEqual([
    [waited, "QEMU ended (1): Could not open '0.qcow2': No space left on device"],
  ])
  const { InstanceStatuses } = await client.describeInstanceStatus({ InstanceIds: [instance] })
  expect(InstanceStatuses![0]!.AttachedEbsStatus!.Status).toBe('impaired')
  await fail(5, ['dom_1'])
  expect((await told()).get(waited)).toBe('ok')
})

test('the waiters of the SDK end', async () => {
  const patience = { client, maxWaitTime: 20 }
  const id = await volume()
  const ends = async (result: Promise<{ readonly state: string }>) => expect((await result).state).toBe('SUCCESS')
  await ends(ec2.waitUntilVolumeAvailable(patience, { VolumeIds: [id] }))
  const { SnapshotId } = await client.createSnapshot({ VolumeId: id })
  await settle()
  await ends(ec2.waitUntilSnapshotCompleted(patience, { SnapshotIds: [SnapshotId!] }))
  const asked = { DeviceName: '/dev/sda1', Ebs: { SnapshotId } }
  const { ImageId } = await client.registerImage({ Name: 'over it', BlockDeviceMappings: [asked] })
  await ends(ec2.waitUntilImageAvailable(patience, { ImageIds: [ImageId!] }))
  await instanceWith(id)
  await ends(ec2.waitUntilVolumeInUse(patience, { VolumeIds: [id] }))
  await cloud.store.transact(async (tx) => {
    await tx.db.deleteFrom('attachments').execute()
    await tx.db.deleteFrom('volumes').execute()
  })
  await ends(ec2.waitUntilVolumeDeleted(patience, { VolumeIds: [id] }))
})
