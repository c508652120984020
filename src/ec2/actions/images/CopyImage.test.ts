import * as ec2 from '@aws-sdk/client-ec2'
import { beforeEach, expect, test } from 'vitest'
import { createSnapshot } from '../../../control/snapshots/create.ts'
import type { ImageId, SnapshotId } from '../../../model/ids.ts'
import { alice, bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
const onVolume: ImageId = 'ami-00000002'
const root: SnapshotId = 'snap-00000001'

beforeEach(async () => {
  cloud = await TestCloud.open()
  await cloud.addImage({
    id: onVolume,
    accountId: alice,
    ownerAlias: null,
    name: 'on a volume',
    isPublic: 0,
    rootSnapshotId: root,
  })
  const of = { kind: 'image', image: onVolume, file: 'root.img', sizeMiB: 1024 } as const
  const host = 'us-west-2a-1'
  await cloud.store.transact(async (tx) => {
    const context = { tx, now: cloud.clock.now(), random: { bytes: (n: number) => Buffer.alloc(n) } }
    await createSnapshot(context, { id: root, account: alice, host, of, sizeGiB: 1, description: '' })
    await tx.db.updateTable('snapshots').set({ state: 'completed' }).execute()
  })
  return () => cloud[Symbol.asyncDispose]()
})

const copy = (input: Partial<ec2.CopyImageRequest> = {}, account = alice) =>
  cloud
    .client(account)
    .send(
      new ec2.CopyImageCommand({ SourceImageId: onVolume, SourceRegion: testCloud.region, Name: 'the copy', ...input }),
    )
const described = async (ImageId: string) =>
  (await cloud.client().send(new ec2.DescribeImagesCommand({ ImageIds: [ImageId] }))).Images![0]!

test('a copy is an image of its own, with a snapshot of its own, and says what it is a copy of', async () => {
  await cloud.client().send(new ec2.CreateTagsCommand({ Resources: [onVolume], Tags: [{ Key: 'a', Value: 'b' }] }))
  const { ImageId } = await copy({ Description: 'mine', CopyImageTags: true })
  const { BlockDeviceMappings, ...image } = await described(ImageId!)
  expect(image).toMatchObject({
    ...{ Name: 'the copy', Description: 'mine', State: 'pending', Public: false, OwnerId: alice },
    ...{ SourceImageId: onVolume, SourceImageRegion: testCloud.region, Tags: [{ Key: 'a', Value: 'b' }] },
  })
  const snapshot = BlockDeviceMappings![0]!.Ebs!.SnapshotId
  expect(snapshot).not.toBe(root)
  const { Snapshots } = await cloud.client().send(new ec2.DescribeSnapshotsCommand({ SnapshotIds: [snapshot!] }))
  expect(Snapshots).toMatchObject([{ OwnerId: alice, State: 'pending', VolumeSize: 1 }])
  const Filters = [{ Name: 'source-image-id', Values: [onVolume] }]
  expect((await cloud.client().send(new ec2.DescribeImagesCommand({ Filters }))).Images).toMatchObject([{ ImageId }])
})

test('an image of another’s becomes one’s own, without its tags', async () => {
  const { ImageId } = await copy({ SourceImageId: tinyImage, CopyImageTags: true })
  expect(await described(ImageId!)).toMatchObject({ OwnerId: alice, Public: false, Tags: [] })
  expect((await described(ImageId!)).ImageOwnerAlias).toBeUndefined()
})

test.each<[string, Partial<ec2.CopyImageRequest>, string]>([
  ['from a region that there is not', { SourceRegion: 'eu-west-1' }, 'InvalidRegion'],
  ['without a name', { Name: '' }, 'MissingParameter'],
  ['by a name that is taken', { Name: 'on a volume' }, 'InvalidAMIName.Duplicate'],
  ['where there is none', { SourceImageId: 'ami-0000000f' }, 'InvalidAMIID.NotFound'],
  ['encrypted where it has no volume', { SourceImageId: tinyImage, Encrypted: true }, 'InvalidParameterCombination'],
  ['by a key that is none', { Encrypted: true, KmsKeyId: 'mine' }, 'InvalidParameterValue'],
])('an image is not copied %s', async (_, input, code) => {
  expect(await refusal(copy(input))).toMatch(new RegExp(`^${code}:`))
})

test('an image whose snapshot is not shared is not copied by those who may launch it', async () => {
  const LaunchPermission = { Add: [{ UserId: bob }] }
  await cloud.client().send(new ec2.ModifyImageAttributeCommand({ ImageId: onVolume, LaunchPermission }))
  expect(await refusal(copy({}, bob))).toMatch(/^InvalidRequest: You do not have permission/)
})

test('a copy is encrypted where that is asked for', async () => {
  const { ImageId } = await copy({ Encrypted: true })
  const SnapshotIds = [(await described(ImageId!)).BlockDeviceMappings![0]!.Ebs!.SnapshotId!]
  const { Snapshots } = await cloud.client().send(new ec2.DescribeSnapshotsCommand({ SnapshotIds }))
  expect(Snapshots).toMatchObject([{ Encrypted: true }])
})
