import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { ebsKeyOf } from '../../../control/volumes/encryption.ts'
import { alice, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
const zone = 'us-west-2c'
const arn = expect.stringMatching(/^arn:aws:kms:us-west-2:\d{12}:key\/[0-9a-f-]{36}$/)

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client(alice)
})
afterEach(() => cloud[Symbol.asyncDispose]())

async function volume(more: Partial<ec2.CreateVolumeCommandInput> = {}): Promise<ec2.CreateVolumeCommandOutput> {
  const size = more.SnapshotId ? {} : { Size: 10 }
  const made = await client.send(new ec2.CreateVolumeCommand({ AvailabilityZone: zone, ...size, ...more }))
  await cloud.store.transact((tx) => tx.db.updateTable('volumes').set({ state: 'available' }).execute())
  return made
}

async function done(id: string | undefined): Promise<ec2.Snapshot> {
  await cloud.store.transact((tx) => tx.db.updateTable('snapshots').set({ state: 'completed' }).execute())
  return (await client.send(new ec2.DescribeSnapshotsCommand({ SnapshotIds: [id!] }))).Snapshots![0]!
}

const snapshot = async (VolumeId: string | undefined) =>
  done((await client.send(new ec2.CreateSnapshotCommand({ VolumeId }))).SnapshotId)

const copy = async (SourceSnapshotId: string | undefined, more: Partial<ec2.CopySnapshotCommandInput> = {}) =>
  client.send(new ec2.CopySnapshotCommand({ SourceSnapshotId, SourceRegion: 'us-west-2', ...more }))

describe('encryption', () => {
  test('goes from a volume to its snapshots, and from these to volumes and copies', async () => {
    const made = await volume({ Encrypted: true })
    expect(made).toMatchObject({ Encrypted: true, KmsKeyId: arn })
    const taken = await snapshot(made.VolumeId)
    expect(taken).toMatchObject({ Encrypted: true, KmsKeyId: made.KmsKeyId })
    expect(await volume({ SnapshotId: taken.SnapshotId! })).toMatchObject({ Encrypted: true, KmsKeyId: made.KmsKeyId })
    expect(await done((await copy(taken.SnapshotId)).SnapshotId)).toMatchObject({ Encrypted: true })
    const plain = await client.send(
      new ec2.DescribeVolumesCommand({ Filters: [{ Name: 'encrypted', Values: ['false'] }] }),
    )
    expect(plain.Volumes).toEqual([])
  })

  test('is asked of the host by the key that the account has', async () => {
    const { KmsKeyId } = await volume({ Encrypted: true, KmsKeyId: 'alias/aws/ebs' })
    await volume({ Encrypted: true, KmsKeyId: KmsKeyId! })
    await volume()
    const keys = (await specsOf()).flatMap((it) => it.volumes?.volumes.map(({ key }) => key) ?? [])
    const id = KmsKeyId!.split('/')[1]
    expect(keys.toSorted()).toEqual([id, id, undefined])
    expect(ebsKeyOf(KmsKeyId!.split(':')[4]!)).toBe(id)
  })

  test('comes to a copy of what was not encrypted, and goes from nothing', async () => {
    const plain = await snapshot((await volume()).VolumeId)
    expect(plain).toMatchObject({ Encrypted: false })
    expect(plain.KmsKeyId).toBeUndefined()
    const copied = await done((await copy(plain.SnapshotId, { Encrypted: true })).SnapshotId)
    expect(copied).toMatchObject({ Encrypted: true, KmsKeyId: arn })
    expect(await refusal(copy(copied.SnapshotId, { Encrypted: false }))).toMatch(/^InvalidParameterCombination/)
    expect(await refusal(copy(plain.SnapshotId, { KmsKeyId: 'alias/aws/ebs' }))).toMatch(/^InvalidParameterDependency/)
  })

  test('keeps a snapshot from being shared', async () => {
    const { SnapshotId } = await snapshot((await volume({ Encrypted: true })).VolumeId)
    const share = { SnapshotId, CreateVolumePermission: { Add: [{ UserId: '123456789012' }] } }
    expect(await refusal(client.send(new ec2.ModifySnapshotAttributeCommand(share)))).toMatch(/^InvalidParameterValue/)
  })

  test('is for all volumes of an account that wants it, until it does not', async () => {
    const always = async () => (await client.send(new ec2.GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault
    expect(await always()).toBe(false)
    expect(await client.send(new ec2.EnableEbsEncryptionByDefaultCommand({}))).toMatchObject({
      EbsEncryptionByDefault: true,
    })
    expect([await always(), (await volume()).Encrypted, (await volume({ Encrypted: false })).Encrypted]).toEqual([
      true,
      true,
      true,
    ])
    await client.send(new ec2.DisableEbsEncryptionByDefaultCommand({}))
    expect([await always(), (await volume()).Encrypted]).toEqual([false, false])
    expect((await client.send(new ec2.GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId).toBe('alias/aws/ebs')
  })
})

describe('an instance', () => {
  test('has its volumes encrypted as its mappings say', async () => {
    const mappings = [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, Encrypted: true } }]
    const asked = { ImageId: tinyImage, MinCount: 1, MaxCount: 1, BlockDeviceMappings: mappings }
    await client.send(new ec2.RunInstancesCommand(asked))
    const { Volumes } = await client.send(new ec2.DescribeVolumesCommand({}))
    expect(Volumes).toMatchObject([{ Encrypted: true, KmsKeyId: arn }])
  })
})

async function specsOf() {
  const hosts = await cloud.store.read(({ db }) => db.selectFrom('hosts').select('id').execute())
  return cloud.store.read((reader) =>
    specsFrom(testCloud)(
      reader,
      hosts.map((it) => it.id),
    ),
  )
}
