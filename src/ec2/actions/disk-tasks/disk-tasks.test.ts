import * as ec2 from '@aws-sdk/client-ec2'
import { beforeEach, expect, test } from 'vitest'
import { beginSnapshot } from '../../../control/snapshots/create.ts'
import { ebsKeyOf } from '../../../control/volumes/encryption.ts'
import type { DiskTaskId } from '../../../model/ids.ts'
import type { DiskTaskRow } from '../../../store/tables/disk-tasks.ts'
import { alice, bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
const UserBucket = { S3Bucket: 'disks', S3Key: 'a/disk.vmdk' }
const mine = 'ami-00000001'

beforeEach(async () => {
  cloud = await TestCloud.open()
  await cloud.addImage({ id: mine, accountId: alice, ownerAlias: null, name: 'mine', isPublic: 0 })
  return () => cloud[Symbol.asyncDispose]()
})

const importImage = (input: ec2.ImportImageRequest = {}, account = alice) =>
  cloud.client(account).send(new ec2.ImportImageCommand({ DiskContainers: [{ Format: 'vmdk', UserBucket }], ...input }))
const importSnapshot = (input: ec2.ImportSnapshotRequest) => cloud.client().send(new ec2.ImportSnapshotCommand(input))
const exportImage = (input: Partial<ec2.ExportImageRequest> = {}) =>
  cloud.client().send(
    new ec2.ExportImageCommand({
      ...{ ImageId: mine, DiskImageFormat: 'VMDK', S3ExportLocation: { S3Bucket: 'disks', S3Prefix: 'out/' } },
      ...input,
    }),
  )
const imports = async (input: ec2.DescribeImportImageTasksRequest = {}, account = alice) =>
  (await cloud.client(account).send(new ec2.DescribeImportImageTasksCommand(input))).ImportImageTasks!

/** As its strand would. */
async function change(id: string, columns: Partial<DiskTaskRow>): Promise<void> {
  await cloud.store.transact((tx) =>
    tx.db
      .updateTable('diskTasks')
      .set(columns)
      .where('id', '=', id as DiskTaskId)
      .execute(),
  )
}

test('an import is active until it has ended, and then says what came of it', async () => {
  const TagSpecifications = [{ ResourceType: 'import-image-task' as const, Tags: [{ Key: 'a', Value: 'b' }] }]
  const { ImportTaskId: id } = await importImage({ Description: 'web', TagSpecifications })
  expect(id).toMatch(/^import-ami-[0-9a-f]{17}$/)
  const active = { ImportTaskId: id, Description: 'web', Status: 'active', StatusMessage: 'pending', Progress: '0' }
  const [first] = await imports()
  expect(first).toMatchObject({ ...active, Architecture: 'x86_64', Tags: [{ Key: 'a', Value: 'b' }] })
  expect(first!.SnapshotDetails).toEqual([{ Format: 'VMDK', UserBucket }])
  expect(first!.ImageId).toBeUndefined()
  await change(id!, { state: 'completed', progress: 100, message: null, diskBytes: 2 ** 30 })
  const [last] = await imports({ ImportTaskIds: [id!] })
  expect(last).toMatchObject({ Status: 'completed', ImageId: expect.stringMatching(/^ami-/) })
  expect(last!.SnapshotDetails![0]).toMatchObject({
    DiskImageSize: 2 ** 30,
    SnapshotId: expect.stringMatching(/^snap-/),
  })
  expect(last!.Progress).toBeUndefined()
})

test('an image of several disks is one import, whose disks are told in their order', async () => {
  const of = (key: string, more = {}) => ({ UserBucket: { S3Bucket: 'disks', S3Key: key }, ...more })
  const DiskContainers = [
    of('root'),
    of('data', { Description: 'data' }),
    of('log', { DeviceName: '/dev/sdf' }),
    of('x'),
  ]
  const { ImportTaskId: id } = await importImage({ DiskContainers })
  const [task, ...more] = await imports()
  expect(more).toEqual([])
  expect(task!.SnapshotDetails!.map((it) => [it.UserBucket!.S3Key, it.DeviceName])).toEqual([
    ...[
      ['root', '/dev/sda1'],
      ['data', '/dev/sdg'],
      ['log', '/dev/sdf'],
      ['x', '/dev/sdh'],
    ], // as none was said to be
  ])
  const { ImportSnapshotTasks } = await cloud.client().send(new ec2.DescribeImportSnapshotTasksCommand({}))
  expect(ImportSnapshotTasks).toEqual([])
  await cloud.client().send(new ec2.CancelImportTaskCommand({ ImportTaskId: id }))
  expect(await imports()).toMatchObject([{ Status: 'deleting' }])
})

test('tasks are their account’s, by state and by id', async () => {
  const { ImportTaskId: id } = await importImage()
  expect(await imports({}, bob)).toEqual([])
  expect(await refusal(imports({ ImportTaskIds: [id!] }, bob))).toMatch(/^InvalidConversionTaskId:/)
  expect(await refusal(imports({ ImportTaskIds: ['ami-1'] }))).toMatch(/^InvalidConversionTaskId.Malformed/)
  const states = (state: string) => imports({ Filters: [{ Name: 'task-state', Values: [state] }] })
  expect([(await states('active')).length, (await states('completed')).length]).toEqual([1, 0])
})

test('a snapshot is imported from a URL too', async () => {
  const Url = 's3://disks/a/disk.raw'
  const { ImportTaskId: id } = await importSnapshot({ Description: 'data', DiskContainer: { Url } })
  await change(id!, { state: 'completed', message: null, progress: 100, diskBytes: 7 })
  const { ImportSnapshotTasks } = await cloud.client().send(new ec2.DescribeImportSnapshotTasksCommand({}))
  const SnapshotId = expect.stringMatching(/^snap-/)
  const SnapshotTaskDetail = { Url, DiskImageSize: 7, Status: 'completed', Description: 'data', SnapshotId }
  expect(ImportSnapshotTasks).toMatchObject([{ ImportTaskId: id, Description: 'data', SnapshotTaskDetail }])
})

test('an import that is under way is cancelled once', async () => {
  const { ImportTaskId: id } = await importImage()
  const cancel = () =>
    cloud.client().send(new ec2.CancelImportTaskCommand({ ImportTaskId: id, CancelReason: 'too slow' }))
  expect(await cancel()).toMatchObject({ ImportTaskId: id, PreviousState: 'active', State: 'deleting' })
  expect(await imports()).toMatchObject([{ Status: 'deleting', StatusMessage: 'too slow' }])
  expect(await refusal(cancel())).toMatch(/^IncorrectState/)
})

test('an export says where it goes, and can be cancelled', async () => {
  const answer = await exportImage({ Description: 'mine' })
  expect(answer).toMatchObject({ ImageId: mine, DiskImageFormat: 'VMDK', Status: 'active', Description: 'mine' })
  const tasks = async () => (await cloud.client().send(new ec2.DescribeExportImageTasksCommand({}))).ExportImageTasks
  expect(await tasks()).toMatchObject([
    { ExportImageTaskId: answer.ExportImageTaskId, S3ExportLocation: { S3Bucket: 'disks', S3Prefix: 'out/' } },
  ])
  const ExportTaskId = answer.ExportImageTaskId!
  await cloud.client().send(new ec2.CancelExportTaskCommand({ ExportTaskId }))
  expect(await tasks()).toMatchObject([{ Status: 'deleting' }])
  expect(await refusal(cloud.client().send(new ec2.CancelExportTaskCommand({ ExportTaskId })))).toMatch(
    /^IncorrectState/,
  )
})

const disk = { UserBucket }
test.each<[string, ec2.ImportImageRequest, string]>([
  ['without a disk', { DiskContainers: [] }, 'MissingParameter'],
  [
    'of two disks by one name',
    { DiskContainers: [disk, { ...disk, DeviceName: 'xvda1' }] },
    'InvalidBlockDeviceMapping',
  ],
  ['of a disk that no guest has', { DiskContainers: [{ ...disk, DeviceName: 'C:' }] }, 'InvalidParameterValue'],
  [
    'of several disks of which one lies nowhere',
    { DiskContainers: [disk, { Description: 'nowhere' }] },
    'MissingParameter',
  ],
  ['of a disk that lies nowhere', { DiskContainers: [{}] }, 'MissingParameter'],
  ['in a format that is not taken', { DiskContainers: [{ ...disk, Format: 'OVA' }] }, 'InvalidParameter'],
  ['from elsewhere', { DiskContainers: [{ Url: 'https://example.com/disk.raw' }] }, 'UnsupportedOperation'],
  ['of a snapshot', { DiskContainers: [{ SnapshotId: 'snap-00000001' }] }, 'UnsupportedOperation'],
  ['encrypted', { Encrypted: true }, 'UnsupportedOperation'],
  ['in another role', { RoleName: 'mine' }, 'UnsupportedOperation'],
  ['for another processor', { Architecture: 'arm64' }, 'InvalidParameterValue'],
  ['of Windows', { Platform: 'Windows' }, 'UnsupportedOperation'],
])('an image is not imported %s', async (_, input, code) => {
  expect(await refusal(importImage(input))).toMatch(new RegExp(`^${code}:`))
  expect(await imports()).toEqual([])
})

test.each<[string, Partial<ec2.ExportImageRequest>, string]>([
  ['that is another’s', { ImageId: tinyImage }, 'AuthFailure'],
  ['that is not there', { ImageId: 'ami-0000000f' }, 'InvalidAMIID.NotFound'],
  ['to nowhere', { S3ExportLocation: { S3Bucket: '' } }, 'MissingParameter'],
  ['in a format of no one', { DiskImageFormat: 'VDI' as 'RAW' }, 'InvalidParameterValue'],
])('an image is not exported %s', async (_, input, code) => {
  expect(await refusal(exportImage(input))).toMatch(new RegExp(`^${code}:`))
})

test('an account that encrypts by default imports nothing that is not, and exports nothing that is', async () => {
  await cloud.client().send(new ec2.EnableEbsEncryptionByDefaultCommand({}))
  expect(await refusal(importImage())).toMatch(/^UnsupportedOperation:/)
  expect(await refusal(importSnapshot({ DiskContainer: disk }))).toMatch(/^UnsupportedOperation:/)
  await cloud.store.transact(async (tx) => {
    const of = { kind: 'image', image: mine, file: 'root.img', sizeMiB: 1024 } as const
    const snapshot = {
      id: 'snap-00000001',
      account: alice,
      host: 'us-west-2a-1',
      of,
      sizeGiB: 1,
      description: '',
    } as const
    await beginSnapshot({ tx, now: cloud.clock.now() }, { ...snapshot, keyId: ebsKeyOf(alice) })
    await tx.db.updateTable('images').set({ rootSnapshotId: snapshot.id }).where('id', '=', mine).execute()
  })
  expect(await refusal(exportImage())).toMatch(/^UnsupportedOperation:/)
})
