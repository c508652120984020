import * as ec2 from '@aws-sdk/client-ec2'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { VolumeId } from '../../../model/ids.ts'
import { alice, bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
const zone = 'us-west-2c'

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client(alice)
})
afterEach(() => cloud[Symbol.asyncDispose]())

/** A volume that its host has made. */
async function volume(more: Partial<ec2.CreateVolumeCommandInput> = {}): Promise<VolumeId> {
  const { VolumeId } = await client.send(new ec2.CreateVolumeCommand({ AvailabilityZone: zone, Size: 10, ...more }))
  await cloud.store.transact((tx) => tx.db.updateTable('volumes').set({ state: 'available' }).execute())
  return VolumeId as VolumeId
}

async function instances(count: number, where = zone): Promise<string[]> {
  const asked = { ImageId: tinyImage, MinCount: count, MaxCount: count, Placement: { AvailabilityZone: where } }
  const { Instances } = await client.send(new ec2.RunInstancesCommand(asked))
  const ids = Instances!.map((it) => it.InstanceId!)
  for (const id of ids) await cloud.run(id)
  return ids
}

const attach = (VolumeId: string, InstanceId: string, Device = '/dev/xvdf') =>
  client.send(new ec2.AttachVolumeCommand({ VolumeId, InstanceId, Device }))

async function described(id: string): Promise<ec2.Volume> {
  const { Volumes } = await client.send(new ec2.DescribeVolumesCommand({ VolumeIds: [id] }))
  return Volumes![0]!
}

describe('a volume', () => {
  test('is made as the examples of EC2 have it', async () => {
    const made = await client.send(new ec2.CreateVolumeCommand({ AvailabilityZone: zone, Size: 10 }))
    expect(made).toMatchObject({ State: 'creating', Size: 10, VolumeType: 'standard', Encrypted: false })
    expect(made).toMatchObject({ MultiAttachEnabled: false, AvailabilityZone: zone, SnapshotId: '' })
  })

  test('has what its type has', async () => {
    const type = async (more: Partial<ec2.CreateVolumeCommandInput>) => described(await volume(more))
    expect(await type({ VolumeType: 'gp2', Size: 200 })).toMatchObject({ VolumeType: 'gp2', Iops: 600 })
    expect(await type({ VolumeType: 'gp3' })).toMatchObject({ Iops: 3000, Throughput: 125 })
    expect(await type({ VolumeType: 'io2', Iops: 400 })).toMatchObject({ VolumeType: 'io2', Iops: 400 })
  })

  test.each([
    [{ AvailabilityZone: 'us-west-2z' }, "InvalidZone.NotFound: The zone 'us-west-2z' does not exist."],
    [{ Size: undefined }, 'MissingParameter: The request must contain the parameter size/snapshot'],
    [{ Size: 2000 }, 'InvalidParameterValue: Volume size must be between 1 and 1024 GiB'],
    [{ VolumeType: 'gp9' as never }, 'InvalidParameterValue: Value (gp9) for parameter volumeType is invalid.'],
    [{ VolumeType: 'io1' as const }, 'MissingParameter'],
    [{ VolumeType: 'io1' as const, Iops: 5000 }, 'InvalidParameterValue: Iops to volume size ratio'],
    [{ VolumeType: 'gp2' as const, Iops: 500 }, 'InvalidParameterCombination'],
    [{ KmsKeyId: 'alias/aws/ebs' }, 'InvalidParameterDependency'],
    [{ Encrypted: true, KmsKeyId: 'alias/mine' }, 'InvalidParameterValue: The key alias/mine does not exist'],
    [{ MultiAttachEnabled: true }, 'InvalidParameterCombination'],
    [{ SnapshotId: 'snap-7443fb78' }, "InvalidSnapshot.NotFound: The snapshot 'snap-7443fb78' does not exist."],
  ])('is refused with %o', async (more, told) => {
    expect(await refusal(volume(more as Partial<ec2.CreateVolumeCommandInput>))).toContain(told)
  })

  test('is nobody else’s', async () => {
    const id = await volume()
    const asBob = cloud.client(bob)
    expect(await refusal(asBob.send(new ec2.DeleteVolumeCommand({ VolumeId: id })))).toMatch(/^InvalidVolume.NotFound/)
    expect((await asBob.send(new ec2.DescribeVolumesCommand({}))).Volumes).toEqual([])
  })
})

describe('an attachment', () => {
  test('begins, is shown by volume and instance, and is undone by the volume’s id alone', async () => {
    const [id, [instance]] = [await volume(), await instances(1)]
    expect(await attach(id, instance!)).toMatchObject({ State: 'attaching', Device: '/dev/xvdf', VolumeId: id })
    const shown = await described(id)
    expect([shown.State, shown.Attachments?.[0]?.InstanceId]).toEqual(['in-use', instance])
    const { Reservations } = await client.send(new ec2.DescribeInstancesCommand({}))
    const [mapping] = Reservations![0]!.Instances![0]!.BlockDeviceMappings!
    expect(mapping).toMatchObject({ DeviceName: '/dev/xvdf', Ebs: { VolumeId: id, DeleteOnTermination: false } })
    expect(await client.send(new ec2.DetachVolumeCommand({ VolumeId: id }))).toMatchObject({ State: 'detaching' })
  })

  test('is refused across zones, twice, under a name that is taken, and of what is not there', async () => {
    const [id, another] = [await volume(), await volume()]
    const [[here], [elsewhere]] = [await instances(1), await instances(1, 'us-west-2a')]
    expect(await refusal(attach(id, elsewhere!))).toMatch(/^InvalidVolume.ZoneMismatch/)
    expect(await refusal(attach(id, here!, '/dev/null'))).toMatch(/^InvalidParameterValue/)
    expect(await refusal(client.send(new ec2.DetachVolumeCommand({ VolumeId: id })))).toMatch(/^IncorrectState/)
    await attach(id, here!)
    expect(await refusal(attach(id, here!, '/dev/sdg'))).toBe(`VolumeInUse: ${id} is already attached to an instance`)
    expect(await refusal(attach(another, here!, '/dev/sdf'))).toContain('Attachment point /dev/sdf is already in use')
    expect(await refusal(client.send(new ec2.DeleteVolumeCommand({ VolumeId: id })))).toMatch(/^VolumeInUse/)
  })

  test('of one volume is one, in whatever order and however often it is asked for', async () => {
    const ids = await instances(3)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ instance: fc.constantFrom(...ids), detach: fc.boolean() }), { maxLength: 12 }),
        async (asked) => {
          const id = await volume({ Size: 1 })
          const device = `/dev/xvd${['b', 'c', 'd', 'e'][asked.length % 4]}${['b', 'c'][asked.length % 2]}`
          await Promise.allSettled(
            asked.map(({ instance, detach }) =>
              detach ? client.send(new ec2.DetachVolumeCommand({ VolumeId: id })) : attach(id, instance, device),
            ),
          )
          expect((await described(id)).Attachments!.length).toBeLessThanOrEqual(1)
          await cloud.store.transact(async (tx) => {
            await tx.db.deleteFrom('strands').where('subject', 'like', 'vol-%@%').execute()
            await tx.db.deleteFrom('attachments').execute()
          })
        },
      ),
      { numRuns: 30 },
    )
  }, 60_000)

  test('has room for sixteen instances at once, where several may have it', async () => {
    const id = await volume({ VolumeType: 'io2', Iops: 100, MultiAttachEnabled: true })
    const [last, ...all] = await instances(17)
    for (const it of all) await attach(id, it)
    expect((await described(id)).Attachments).toHaveLength(16)
    expect(await refusal(attach(id, last!))).toMatch(/^AttachmentLimitExceeded/)
  })

  test('is held to be one by the database itself', async () => {
    const id = await volume()
    const [one, two] = await instances(2)
    await attach(id, one!)
    const copy = cloud.store.transact(async (tx) => {
      const row = await tx.db.selectFrom('attachments').selectAll().executeTakeFirstOrThrow()
      await tx.db
        .insertInto('attachments')
        .values({ ...row, id: `${id}@${two as `i-${string}`}`, instanceId: two as `i-${string}` })
        .execute()
    })
    await expect(copy).rejects.toThrow(/UNIQUE/)
  })
})

describe('a snapshot', () => {
  const snapshot = async (id: string) => {
    const made = await client.send(new ec2.CreateSnapshotCommand({ VolumeId: id, Description: 'of it' }))
    await cloud.store.transact((tx) => tx.db.updateTable('snapshots').set({ state: 'completed' }).execute())
    return made
  }

  test('is pending first, and makes volumes that are at least as large', async () => {
    const made = await snapshot(await volume())
    expect(made).toMatchObject({
      State: 'pending',
      VolumeSize: 10,
      Progress: '0%',
      OwnerId: alice,
      Description: 'of it',
    })
    const { SnapshotId } = made
    expect(await refusal(volume({ SnapshotId, Size: 5 }))).toContain('expect size >= 10GB')
    expect(await described(await volume({ SnapshotId, Size: undefined }))).toMatchObject({ SnapshotId, Size: 10 })
  })

  test('is seen by those that it is shared with, and by nobody else', async () => {
    const { SnapshotId } = await snapshot(await volume())
    const asBob = cloud.client(bob)
    const seen = async () => (await asBob.send(new ec2.DescribeSnapshotsCommand({}))).Snapshots!.length
    const share = (change: object) =>
      client.send(new ec2.ModifySnapshotAttributeCommand({ SnapshotId, CreateVolumePermission: change }))
    expect(await seen()).toBe(0)
    await share({ Add: [{ UserId: bob }] })
    expect(await seen()).toBe(1)
    expect(await refusal(asBob.send(new ec2.DeleteSnapshotCommand({ SnapshotId })))).toMatch(/^UnauthorizedOperation/)
    const attribute = { SnapshotId, Attribute: 'createVolumePermission' } as const
    const { CreateVolumePermissions } = await client.send(new ec2.DescribeSnapshotAttributeCommand(attribute))
    expect(CreateVolumePermissions).toEqual([{ UserId: bob }])
    await client.send(new ec2.ResetSnapshotAttributeCommand(attribute))
    expect(await seen()).toBe(0)
    await share({ Add: [{ Group: 'all' }] })
    const { Snapshots } = await asBob.send(new ec2.DescribeSnapshotsCommand({ RestorableByUserIds: ['all'] }))
    expect(Snapshots!.map((it) => it.SnapshotId)).toEqual([SnapshotId])
  })
})
