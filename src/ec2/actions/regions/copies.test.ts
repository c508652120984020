/** Copies between regions, as callers see them. */
import type * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ImageId, SnapshotId } from '../../../model/ids.ts'
import type { SnapshotRow } from '../../../store/tables/volumes.ts'
import { alice, bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

const eastern = { ...testCloud, region: 'us-east-1', endpoint: 'http://127.0.0.1:8774' }
let west: TestCloud
let east: TestCloud
let here: ec2.EC2

beforeEach(async () => {
  west = await TestCloud.open()
  east = await TestCloud.open(eastern)
  west.others = [east]
  east.others = [west]
  here = east.client()
})
afterEach(async () => {
  await east[Symbol.asyncDispose]()
  await west[Symbol.asyncDispose]()
})

const from = testCloud.region
const theirs: SnapshotId = 'snap-00000001'

async function snapshotThere(more: Partial<SnapshotRow> = {}): Promise<SnapshotId> {
  const row: SnapshotRow = {
    ...{ id: theirs, accountId: alice, ownerAlias: null, volumeId: 'vol-ffffffff', sizeGib: 3, state: 'completed' },
    ...{ progress: 100, description: 'original', startedAt: 0, completedAt: 0, hostId: `${from}a-1` },
    ...{ sourceJson: '{"kind":"volume","volume":"vol-ffffffff"}', wishedIn: 0, keyId: null, ...more },
  }
  await west.store.transact((tx) => tx.db.insertInto('snapshots').values(row).execute())
  return row.id
}

describe('a snapshot', () => {
  const copy = (more: Partial<ec2.CopySnapshotCommandInput> = {}, client = here) =>
    client.copySnapshot({ SourceRegion: from, SourceSnapshotId: theirs, ...more })

  test('of another region gets an id and a description of its own, and is pending until it is here', async () => {
    await snapshotThere()
    const asked = { Description: 'mine', TagSpecifications: [tags('snapshot')] }
    const { SnapshotId } = await copy(asked)
    const { Snapshots } = await here.describeSnapshots({ OwnerIds: ['self'] })
    expect(Snapshots).toMatchObject([
      { SnapshotId, Description: 'mine', State: 'pending', VolumeSize: 3, Tags: [{ Key: 'a', Value: 'b' }] },
    ])
    expect(SnapshotId).not.toBe(theirs)
    const ofHere = here.describeSnapshots({ SnapshotIds: [theirs] })
    expect(await refusal(ofHere)).toMatch(/^InvalidSnapshot.NotFound/)
  })

  test('of another account is copied if it is shared, and else there is none', async () => {
    await snapshotThere({ accountId: bob })
    expect(await refusal(copy())).toMatch(/^InvalidSnapshot.NotFound/)
    const share = { snapshotId: theirs, accountId: alice }
    await west.store.transact((tx) => tx.db.insertInto('snapshotShares').values(share).execute())
    expect(await copy()).toMatchObject({ SnapshotId: expect.stringMatching(/^snap-/) })
  })

  test.each<[string, Partial<SnapshotRow>, Partial<ec2.CopySnapshotCommandInput>, string]>([
    ['of a region that there is not', {}, { SourceRegion: 'eu-west-1' }, 'InvalidRegion'],
    ['that is not there', {}, { SourceSnapshotId: 'snap-00000002' }, 'InvalidSnapshot.NotFound'],
    [
      'of the other region, as if it were of this one',
      {},
      { SourceRegion: eastern.region },
      'InvalidSnapshot.NotFound',
    ],
    ['that is not complete', { state: 'pending' }, {}, 'IncorrectState'],
    ['that is encrypted', { keyId: '1-2-3-4-5' }, {}, 'UnsupportedOperation'],
    ['that shall be encrypted', {}, { Encrypted: true }, 'UnsupportedOperation'],
  ])('%s is refused', async (_, there, asked, code) => {
    await snapshotThere(there)
    expect(await refusal(copy(asked))).toMatch(new RegExp(`^${code}`))
    expect((await here.describeSnapshots({ OwnerIds: ['self'] })).Snapshots).toEqual([])
  })

  test('is copied either way', async () => {
    await snapshotThere()
    const { SnapshotId } = await copy()
    await east.store.transact((tx) => tx.db.updateTable('snapshots').set({ state: 'completed' }).execute())
    const back = { SourceRegion: eastern.region, SourceSnapshotId: SnapshotId! }
    await copy(back, west.client())
    expect((await west.client().describeSnapshots({ OwnerIds: ['self'] })).Snapshots).toHaveLength(2)
  })
})

describe('an image', () => {
  const onVolume: ImageId = 'ami-00000001'
  const copy = (more: Partial<ec2.CopyImageRequest> = {}, client = here) =>
    client.copyImage({ SourceRegion: from, SourceImageId: onVolume, Name: 'the copy', ...more })

  beforeEach(async () => {
    await snapshotThere()
    const mappingsJson = JSON.stringify([
      { device: '/dev/sda1', snapshot: theirs, sizeGiB: 3, type: 'gp3', iops: 3000, throughput: 125 },
      { device: '/dev/sdf', snapshot: theirs, sizeGiB: 4, type: 'gp3', iops: 3000, throughput: 125 },
      { device: '/dev/sdg', virtual: 'ephemeral0' },
    ])
    await west.addImage({
      id: onVolume,
      accountId: alice,
      ownerAlias: null,
      name: 'there',
      isPublic: 0,
      rootSnapshotId: theirs,
      mappingsJson,
    })
  })

  test('of another region gets an id of its own and copies of its snapshots, and says what it is a copy of', async () => {
    await west.client().createTags({ Resources: [onVolume], Tags: [{ Key: 'a', Value: 'b' }] })
    const { ImageId } = await copy({ Description: 'mine', CopyImageTags: true, ClientToken: 'one' })
    expect(await copy({ Description: 'mine', CopyImageTags: true, ClientToken: 'one' })).toMatchObject({ ImageId })
    const { Images } = await here.describeImages({ Owners: ['self'] })
    expect(Images).toMatchObject([
      {
        ...{ ImageId, Name: 'the copy', Description: 'mine', State: 'pending', Public: false, OwnerId: alice },
        ...{ SourceImageId: onVolume, SourceImageRegion: from, Tags: [{ Key: 'a', Value: 'b' }] },
      },
    ])
    expect(ImageId).not.toBe(onVolume)
    const { Snapshots } = await here.describeSnapshots({ OwnerIds: ['self'] })
    expect(Snapshots).toMatchObject([{ State: 'pending', VolumeSize: 3 }])
    const id = Snapshots![0]!.SnapshotId
    expect(id).not.toBe(theirs)
    expect(Images![0]!.BlockDeviceMappings).toMatchObject([
      { DeviceName: '/dev/sda1', Ebs: { SnapshotId: id } },
      { DeviceName: '/dev/sdf', Ebs: { SnapshotId: id, VolumeSize: 4 } },
      { DeviceName: '/dev/sdg', VirtualName: 'ephemeral0' },
    ])
    expect(await refusal(here.describeImages({ ImageIds: [onVolume] }))).toMatch(/^InvalidAMIID.NotFound/)
  })

  test('that is public is everybody’s to copy; one that is shared, without its storage, is not', async () => {
    const { ImageId } = await copy({ SourceImageId: tinyImage })
    expect((await here.describeImages({ ImageIds: [ImageId!] })).Images).toMatchObject([{ OwnerId: alice }])
    expect(await refusal(copy({}, east.client(bob)))).toMatch(/^InvalidAMIID.NotFound/)
    const LaunchPermission = { Add: [{ UserId: bob }] }
    await west.client().modifyImageAttribute({ ImageId: onVolume, LaunchPermission })
    expect(await refusal(copy({}, east.client(bob)))).toMatch(/^InvalidRequest: You do not have permission/)
  })

  test.each<[string, Partial<ec2.CopyImageRequest>, string]>([
    ['of a region that there is not', { SourceRegion: 'eu-west-1' }, 'InvalidRegion'],
    ['that is not there', { SourceImageId: 'ami-0000000f' }, 'InvalidAMIID.NotFound'],
    ['of the other region, as if it were of this one', { SourceRegion: eastern.region }, 'InvalidAMIID.NotFound'],
    ['that shall be encrypted', { Encrypted: true }, 'UnsupportedOperation'],
    ['without a name', { Name: '' }, 'MissingParameter'],
  ])('%s is refused', async (_, asked, code) => {
    expect(await refusal(copy(asked))).toMatch(new RegExp(`^${code}`))
    expect((await here.describeImages({ Owners: ['self'] })).Images).toEqual([])
  })
})

function tags(ResourceType: ec2.ResourceType): ec2.TagSpecification {
  return { ResourceType, Tags: [{ Key: 'a', Value: 'b' }] }
}
