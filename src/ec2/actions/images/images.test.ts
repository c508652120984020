import * as ec2 from '@aws-sdk/client-ec2'
import { beforeEach, expect, test } from 'vitest'
import type { Manifest } from '../../../bundles/manifest.ts'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import type { ImageId } from '../../../model/ids.ts'
import { alice, bob, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
const nothing = { key: '', iv: '' }
const manifest: Manifest = {
  ...{ architecture: 'x86_64', name: 'box', user: alice, digest: '0'.repeat(40), size: 2 ** 31, bundledSize: 1 },
  ...{ parts: [{ name: 'box.part.0', digest: '0'.repeat(40) }], keys: { cloud: nothing, user: nothing } },
}
const ImageLocation = 'bucket/box.manifest.xml'

beforeEach(async () => {
  cloud = await TestCloud.open()
  cloud.manifests.set(ImageLocation, manifest)
  cloud.manifests.set('bucket/kernel.manifest.xml', { ...manifest, kernel: 'true' })
  cloud.manifests.set('bucket/ramdisk.manifest.xml', { ...manifest, ramdisk: 'true' })
  return () => cloud[Symbol.asyncDispose]()
})

/** As the strand would, once the bundle is unpacked. */
async function publish(id: string, state: 'available' | 'failed' = 'available'): Promise<void> {
  await cloud.store.transact((tx) =>
    tx.db
      .updateTable('images')
      .set({ state })
      .where('id', '=', id as ImageId)
      .execute(),
  )
}

async function register(more: Partial<ec2.RegisterImageRequest> = {}): Promise<string> {
  const { ImageId } = await cloud.client().send(new ec2.RegisterImageCommand({ ImageLocation, Name: 'box', ...more }))
  await publish(ImageId!)
  return ImageId!
}

/** A machine image with a kernel of its own. */
async function registerMachine(): Promise<string> {
  const KernelId = await register({ ImageLocation: 'bucket/kernel.manifest.xml', Name: 'the kernel' })
  return register({ KernelId })
}

const images = async (input: ec2.DescribeImagesRequest, account = alice) =>
  (await cloud.client(account).send(new ec2.DescribeImagesCommand(input))).Images!.map((it) => it.ImageId)

test('what a manifest says decides what the image is', async () => {
  const KernelId = await register({ ImageLocation: 'bucket/kernel.manifest.xml', Name: 'the kernel' })
  const RamdiskId = await register({ ImageLocation: 'bucket/ramdisk.manifest.xml', Name: 'the ramdisk' })
  const id = await register({ KernelId, RamdiskId, Description: 'mine' })
  expect([KernelId, RamdiskId, id].map((it) => it.slice(0, 4))).toEqual(['aki-', 'ari-', 'ami-'])
  const { Images } = await cloud.client().send(new ec2.DescribeImagesCommand({ Owners: ['self'] }))
  expect(Images!.map((it) => it.ImageType)).toEqual(['machine', 'kernel', 'ramdisk'])
  expect(Images![0]).toMatchObject({
    ImageLocation,
    KernelId,
    RamdiskId,
    Public: false,
    State: 'available',
    OwnerId: alice,
  })
  expect(await images({ Owners: ['self'], Filters: [{ Name: 'image-type', Values: ['kernel'] }] })).toEqual([KernelId])
})

test.each([
  ['without a location', {}, 'MissingParameter'],
  ['where there is no manifest', { ImageLocation: 'bucket/none', Name: 'box' }, 'InvalidManifest'],
  ['by a name that is none', { ImageLocation, Name: 'a?' }, 'InvalidAMIName.Malformed'],
  [
    'with a kernel that is not there',
    { ImageLocation, Name: 'box', KernelId: 'aki-00000000' },
    'InvalidAMIID.NotFound',
  ],
  ['with a machine for a kernel', { ImageLocation, Name: 'box', KernelId: tinyImage }, 'InvalidAMIID.NotFound'],
  ['for another processor', { ImageLocation, Name: 'box', Architecture: 'arm64' as const }, 'InvalidParameterValue'],
  [
    'with mappings',
    { ImageLocation, Name: 'box', BlockDeviceMappings: [{ DeviceName: 'sdb' }] },
    'UnsupportedOperation',
  ],
])('an image is not registered %s', async (_, input, code) => {
  await expect(
    cloud.client().send(new ec2.RegisterImageCommand(input as ec2.RegisterImageRequest)),
  ).rejects.toMatchObject({ name: code })
  expect(await images({ Owners: ['self'] })).toEqual([])
})

test('a name is taken once, until what has it is deregistered', async () => {
  const id = await registerMachine()
  await expect(register()).rejects.toMatchObject({ name: 'InvalidAMIName.Duplicate' })
  await cloud.client().send(new ec2.DeregisterImageCommand({ ImageId: id }))
  expect(await images({ Owners: ['self'], Filters: [{ Name: 'name', Values: ['box'] }] })).toEqual([])
})

test('a pending image cannot be launched', async () => {
  const id = await registerMachine()
  await cloud.store.transact((tx) =>
    tx.db
      .updateTable('images')
      .set({ state: 'pending' })
      .where('id', '=', id as ImageId)
      .execute(),
  )
  const run = cloud.client().send(new ec2.RunInstancesCommand({ ImageId: id, MinCount: 1, MaxCount: 1 }))
  await expect(run).rejects.toMatchObject({ name: 'InvalidAMIID.Unavailable' })
})

test('an image is its owner’s, until it is shared with an account or with all', async () => {
  const ImageId = await registerMachine()
  const change = (LaunchPermission: ec2.LaunchPermissionModifications) =>
    cloud.client().send(new ec2.ModifyImageAttributeCommand({ ImageId, LaunchPermission }))
  const shared = async () =>
    (await cloud.client().send(new ec2.DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' })))
      .LaunchPermissions
  await expect(images({ ImageIds: [ImageId] }, bob)).rejects.toMatchObject({ name: 'InvalidAMIID.NotFound' })
  await change({ Add: [{ UserId: bob }] })
  expect(await shared()).toEqual([{ UserId: bob }])
  expect(await images({ ImageIds: [ImageId] }, bob)).toEqual([ImageId])
  expect(await images({ ExecutableUsers: ['self'] }, bob)).toEqual([ImageId])
  expect(await images({ ExecutableUsers: ['all'] }, bob)).not.toContain(ImageId)
  expect(await images({ Owners: ['self'] }, bob)).toEqual([])
  await change({ Add: [{ Group: 'all' }], Remove: [{ UserId: bob }] })
  expect(await shared()).toEqual([{ Group: 'all' }])
  expect(await images({ Owners: [alice] }, bob)).toEqual([ImageId])
  await cloud.client().send(new ec2.ResetImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }))
  await expect(images({ ImageIds: [ImageId] }, bob)).rejects.toMatchObject({ name: 'InvalidAMIID.NotFound' })
})

test('only its owner shares, describes and deregisters an image', async () => {
  const ImageId = await registerMachine()
  const UserIds = [bob]
  await cloud.ask('ModifyImageAttribute', {
    ImageId,
    Attribute: 'launchPermission',
    OperationType: 'add',
    'UserId.1': bob,
  })
  const others = cloud.client(bob)
  const refused = { name: 'AuthFailure' }
  await expect(others.send(new ec2.DeregisterImageCommand({ ImageId }))).rejects.toMatchObject(refused)
  await expect(
    others.send(new ec2.ModifyImageAttributeCommand({ ImageId, UserIds, OperationType: 'add' })),
  ).rejects.toMatchObject(refused)
  const ask = new ec2.DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' })
  await expect(others.send(ask)).rejects.toMatchObject(refused)
  const own = cloud.client()
  const wrong = new ec2.ModifyImageAttributeCommand({ ImageId, LaunchPermission: { Add: [{ UserId: 'bob' }] } })
  await expect(own.send(wrong)).rejects.toMatchObject({ name: 'InvalidAMIAttributeItemValue' })
  await expect(own.send(new ec2.ModifyImageAttributeCommand({ ImageId }))).rejects.toMatchObject({
    name: 'InvalidParameterCombination',
  })
})

test('a description is changed', async () => {
  const ImageId = await registerMachine()
  await cloud.client().send(new ec2.ModifyImageAttributeCommand({ ImageId, Description: { Value: 'another' } }))
  const { Description } = await cloud
    .client()
    .send(new ec2.DescribeImageAttributeCommand({ ImageId, Attribute: 'description' }))
  expect(Description).toEqual({ Value: 'another' })
})

test('a launch chooses another kernel, and its host is told so', async () => {
  const id = await registerMachine()
  const KernelId = await register({ ImageLocation: 'bucket/kernel.manifest.xml', Name: 'newer kernel' })
  const RamdiskId = await register({ ImageLocation: 'bucket/ramdisk.manifest.xml', Name: 'newer ramdisk' })
  const run = { ImageId: id, MinCount: 1, MaxCount: 1 }
  const launch = (more: object) => cloud.client().send(new ec2.RunInstancesCommand({ ...run, ...more }))
  const [plain] = (await launch({})).Instances!
  const [chosen] = (await launch({ KernelId, RamdiskId })).Instances!
  expect(chosen).toMatchObject({ KernelId, RamdiskId })
  expect(plain!.KernelId).not.toBe(KernelId)
  expect(plain!.RamdiskId).toBeUndefined()
  const found = await cloud
    .client()
    .send(new ec2.DescribeInstancesCommand({ Filters: [{ Name: 'kernel-id', Values: [KernelId] }] }))
  expect(found.Reservations!.flatMap((it) => it.Instances!.map((one) => one.InstanceId))).toEqual([chosen!.InstanceId])
  const specs = await cloud.store.read(async (reader) => {
    const hosts = await reader.db.selectFrom('hosts').select('id').execute()
    return specsFrom(testCloud)(
      reader,
      hosts.map((it) => it.id),
    )
  })
  const boots = new Map(specs.flatMap((it) => it.domains).map((it) => [it.instance as string, it.boot]))
  expect(boots.get(chosen!.InstanceId!)).toMatchObject({
    image: id,
    kernelImage: KernelId,
    ramdiskImage: RamdiskId,
    ramdisk: 'initrd',
  })
  expect(boots.get(plain!.InstanceId!)).not.toHaveProperty('kernelImage')
  await expect(launch({ KernelId: 'aki-00000000' })).rejects.toMatchObject({ name: 'InvalidAMIID.NotFound' })
})
