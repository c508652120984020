import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refusal, TestCloud } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

async function volume(more: Partial<ec2.CreateVolumeCommandInput> = {}): Promise<string> {
  const asked = { AvailabilityZone: 'us-west-2c', Size: 10, VolumeType: 'gp3', ...more } as const
  const { VolumeId } = await client.send(new ec2.CreateVolumeCommand(asked))
  await cloud.store.transact((tx) => tx.db.updateTable('volumes').set({ state: 'available' }).execute())
  return VolumeId!
}

const modify = (VolumeId: string, more: Partial<ec2.ModifyVolumeCommandInput>) =>
  client.send(new ec2.ModifyVolumeCommand({ VolumeId, ...more }))
const described = async (id: string) =>
  (await client.send(new ec2.DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes![0]!
const modifications = async (asked: ec2.DescribeVolumesModificationsCommandInput = {}) =>
  (await client.send(new ec2.DescribeVolumesModificationsCommand(asked))).VolumesModifications!
const say = (state: 'completed' | 'failed' | 'optimizing') =>
  cloud.store.transact((tx) => tx.db.updateTable('volumeModifications').set({ state }).execute())

test('a volume is what it was until its host has changed it', async () => {
  const id = await volume()
  const { VolumeModification: told } = await modify(id, { Size: 20, Iops: 4000, Throughput: 250 })
  const change = { ModificationState: 'modifying', Progress: 0, OriginalSize: 10, TargetSize: 20, OriginalIops: 3000 }
  expect(told).toMatchObject({ ...change, VolumeId: id, TargetIops: 4000, OriginalThroughput: 125 })
  expect(told).toMatchObject({ TargetThroughput: 250, OriginalVolumeType: 'gp3', TargetVolumeType: 'gp3' })
  expect(await described(id)).toMatchObject({ Size: 10, Iops: 3000 })
  await say('optimizing')
  expect(await described(id)).toMatchObject({ Size: 20, Iops: 4000, Throughput: 250 })
  expect(await modifications({ Filters: [{ Name: 'target-size', Values: ['20'] }] })).toHaveLength(1)
  expect(await modifications({ Filters: [{ Name: 'modification-state', Values: ['completed'] }] })).toEqual([])
})

test('one change follows another only after some hours, or where the first has failed', async () => {
  const id = await volume()
  await modify(id, { Size: 11 })
  expect(await refusal(modify(id, { Size: 12 }))).toBe(
    `IncorrectModificationState: Volume ${id} cannot be modified in modification state MODIFYING`,
  )
  await say('failed')
  await modify(id, { Size: 12 })
  await say('completed')
  expect(await refusal(modify(id, { Size: 13 }))).toMatch(/^VolumeModificationRateExceeded: You've reached the maximum/)
  await cloud.clock.advance(6 * 3_600_000)
  await modify(id, { Size: 13 })
  expect((await modifications()).map((it) => [it.OriginalSize, it.TargetSize])).toEqual([[12, 13]])
})

test.each([
  [{}, { Size: 5 }, 'InvalidParameterValue: New size cannot be smaller than existing size'],
  [{}, {}, 'MissingParameter'],
  [{}, { VolumeType: 'io1' }, 'MissingParameter'],
  [{}, { Iops: 9000 }, 'InvalidParameterValue: Iops to volume size ratio of 9000:10 is too high'],
  [{}, { VolumeType: 'standard', Size: 2000 }, 'InvalidParameterValue: Volume size must be between'],
  [{}, { VolumeType: 'st1' }, 'InvalidParameterValue: Volume size must be between'],
  [{}, { VolumeType: 'gp2', Throughput: 200 }, 'InvalidParameterCombination'],
  [{}, { MultiAttachEnabled: true }, 'InvalidParameterCombination'],
  [{ VolumeType: 'io1', Iops: 100 }, { MultiAttachEnabled: true }, 'InvalidParameterCombination'],
] as const)('of %o to %o is refused', async (from, to, told) => {
  expect(await refusal(modify(await volume(from), to))).toContain(told)
})

test('another type keeps what both types have, and drops the rest', async () => {
  const target = async (from: Partial<ec2.CreateVolumeCommandInput>, to: Partial<ec2.ModifyVolumeCommandInput>) =>
    (await modify(await volume(from), to)).VolumeModification
  expect(await target({ Iops: 4000, Throughput: 300 }, { VolumeType: 'gp2' })).toMatchObject({ TargetIops: 100 })
  expect(await target({ Iops: 4000 }, { VolumeType: 'io2' })).toMatchObject({ TargetIops: 4000 })
  const shared = await target({ VolumeType: 'io2', Iops: 100 }, { MultiAttachEnabled: true })
  expect(shared).toMatchObject({ OriginalMultiAttachEnabled: false, TargetMultiAttachEnabled: true })
})

test('a volume that was never changed has no modification, and a stranger’s is not there', async () => {
  const id = await volume()
  expect(await modifications()).toEqual([])
  expect(await refusal(modifications({ VolumeIds: [id] }))).toBe(
    `InvalidVolumeModification.NotFound: Modification for volume '${id}' does not exist.`,
  )
  expect(await refusal(modifications({ VolumeIds: ['vol-12345678'] }))).toMatch(/^InvalidVolume.NotFound/)
})
