import * as ec2 from '@aws-sdk/client-ec2'
import { beforeEach, expect, test } from 'vitest'
import { alice, bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
const ImageId = 'ami-00000001'
const dayMs = 24 * 60 * 60_000

beforeEach(async () => {
  cloud = await TestCloud.open()
  const createdAt = cloud.clock.now().getTime()
  await cloud.addImage({ id: ImageId, accountId: alice, ownerAlias: null, name: 'mine', isPublic: 1, createdAt })
  return () => cloud[Symbol.asyncDispose]()
})

const send = (command: object, account = alice): Promise<object> => cloud.client(account).send(command as never)
const described = async (input: ec2.DescribeImagesRequest = {}, account = alice) => {
  const { Images } = await cloud.client(account).send(new ec2.DescribeImagesCommand({ Owners: [alice], ...input }))
  return Images![0]
}
const launch = (account = alice) => send(new ec2.RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1 }), account)
const protection = async () => (await described())?.DeregistrationProtection
const deregister = () => send(new ec2.DeregisterImageCommand({ ImageId }))

test('a disabled image is out of sight, launched by nobody, and its owner’s alone when it is enabled again', async () => {
  await send(new ec2.DisableImageCommand({ ImageId }))
  expect(await described()).toBeUndefined()
  expect(await described({ IncludeDisabled: true })).toMatchObject({ State: 'disabled', Public: false })
  expect(await described({ IncludeDisabled: true }, bob)).toBeUndefined()
  expect(await refusal(launch())).toMatch(/^InvalidAMIID.Unavailable/)
  await send(new ec2.EnableImageCommand({ ImageId }))
  expect(await described()).toMatchObject({ State: 'available', Public: false })
  expect(await described({}, bob)).toBeUndefined()
})

test('an image that is out of date is found by its owner, by its id, and by who asks for such; and is launched', async () => {
  const DeprecateAt = new Date(cloud.clock.now().getTime() + dayMs + 29_000)
  await send(new ec2.EnableImageDeprecationCommand({ ImageId, DeprecateAt }))
  const moment = new Date(Math.round(DeprecateAt.getTime() / 60_000) * 60_000).toISOString()
  expect(await described({}, bob)).toMatchObject({ DeprecationTime: moment })
  await cloud.clock.advance(2 * dayMs)
  expect(await described({}, bob)).toBeUndefined()
  expect(await described({ IncludeDeprecated: true }, bob)).toMatchObject({ ImageId })
  expect(await described({ ImageIds: [ImageId] }, bob)).toMatchObject({ ImageId })
  expect(await described()).toMatchObject({ ImageId })
  await launch(bob)
  await send(new ec2.DisableImageDeprecationCommand({ ImageId }))
  expect((await described({}, bob))?.DeprecationTime).toBeUndefined()
})

test.each([
  ['yesterday', -1],
  ['three years after it was made public', 3 * 365],
])('an image does not go out of date %s', async (_, days) => {
  const DeprecateAt = new Date(cloud.clock.now().getTime() + days * dayMs)
  expect(await refusal(send(new ec2.EnableImageDeprecationCommand({ ImageId, DeprecateAt })))).toMatch(
    /^InvalidParameter:/,
  )
})

test('a protected image is not deregistered; one with a cool-down not for a day more', async () => {
  expect(await protection()).toBe('disabled')
  await send(new ec2.EnableImageDeregistrationProtectionCommand({ ImageId, WithCooldown: true }))
  expect(await protection()).toBe('enabled-with-cooldown')
  expect(await refusal(deregister())).toMatch(/^OperationNotPermitted/)
  await send(new ec2.DisableImageDeregistrationProtectionCommand({ ImageId }))
  await cloud.clock.advance(dayMs - 1000)
  expect(await refusal(deregister())).toMatch(/^OperationNotPermitted/)
  await send(new ec2.EnableImageDeregistrationProtectionCommand({ ImageId }))
  expect(await protection()).toBe('enabled-without-cooldown')
  await send(new ec2.DisableImageDeregistrationProtectionCommand({ ImageId }))
  await deregister()
  expect(await described()).toBeUndefined()
})

test('states are their owner’s affair', async () => {
  for (const command of [ec2.DisableImageCommand, ec2.EnableImageCommand, ec2.DisableImageDeprecationCommand])
    expect(await refusal(send(new command({ ImageId: tinyImage })))).toMatch(/^AuthFailure/)
})

test('attributes of an image tell what starts it, and what it may be done to', async () => {
  const attribute = (Attribute: ec2.ImageAttributeName) =>
    send(new ec2.DescribeImageAttributeCommand({ ImageId, Attribute }))
  expect(await attribute('bootMode')).toMatchObject({ BootMode: { Value: 'legacy-bios' } })
  expect(await attribute('deregistrationProtection')).toMatchObject({ DeregistrationProtection: { Value: 'disabled' } })
  expect(await refusal(attribute('uefiData'))).toMatch(/^UnsupportedOperation/)
})
