import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  type EC2Client,
  type IpPermission,
  ModifyManagedPrefixListCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type SpecSource, specsFrom } from '../../src/control/hosts/host-spec.ts'
import { keptSpecs } from '../../src/control/hosts/kept-scene.ts'
import { TestCloud, testCloud, tinyImage } from '../../src/ec2/testing.ts'
import { changeOf, withChange } from '../../src/host-api/change.ts'
import type { HostSpec } from '../../src/host-api/spec.ts'

let cloud: TestCloud
let client: EC2Client
let source: SpecSource
/** Where the guests are. */
let host: string

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
  source = keptSpecs(cloud.store, testCloud)
  host = ''
})
afterEach(() => cloud[Symbol.asyncDispose]())

const group = async (GroupName: string) =>
  (await client.send(new CreateSecurityGroupCommand({ GroupName, Description: 'web' }))).GroupId!
const run = async (...SecurityGroupIds: string[]) => {
  const input = { ImageId: tinyImage, MinCount: 1, MaxCount: 1, SecurityGroupIds }
  const { Instances } = await client.send(new RunInstancesCommand(input))
  host ||= (await hostOfGuests()) ?? ''
  return Instances![0]!.InstanceId!
}
const specsBy = async (specs: SpecSource) => {
  const hosts = Object.keys(await cloud.generations())
  return cloud.store.read((reader) => specs(reader, hosts))
}
const hostOfGuests = async () => (await specsBy(specsFrom(testCloud))).find((it) => it.domains.length > 0)?.host
const whole = async () => (await specsBy(specsFrom(testCloud))).find((it) => it.host === host)!
/** As the control plane derives it, by what was written. */
const kept = async () => (await specsBy(source)).find((it) => it.host === host)!
const ssh: IpPermission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22 }
const allow = (GroupId: string, over: IpPermission) =>
  client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ ...ssh, ...over }] }))
const anywhere = { IpRanges: [{ CidrIp: '0.0.0.0/0' }] }

/** What the host has after what it is sent now, from what it was sent before. */
async function follow(before: HostSpec): Promise<HostSpec> {
  const sent = changeOf(before, await kept())
  expect(JSON.stringify(sent).length).toBeLessThan(JSON.stringify(before).length / 2)
  return withChange(before, JSON.parse(JSON.stringify(sent)))
}

test('a host that follows changes of rules has what a whole spec would tell it', async () => {
  const [web, db, offices] = [await group('web'), await group('db'), await list()]
  await run(web, db)
  let spec = await kept()
  const steps = [
    () => allow(web, anywhere),
    () => allow(web, { UserIdGroupPairs: [{ GroupId: db }] }),
    () => allow(web, { PrefixListIds: [{ PrefixListId: offices }] }),
    () =>
      client.send(new RevokeSecurityGroupIngressCommand({ GroupId: web, IpPermissions: [{ ...ssh, ...anywhere }] })),
    () =>
      client.send(
        new RevokeSecurityGroupEgressCommand({ GroupId: db, IpPermissions: [{ IpProtocol: '-1', ...anywhere }] }),
      ),
    () => client.send(new ModifyManagedPrefixListCommand({ ...more, PrefixListId: offices, CurrentVersion: 1 })),
  ]
  for (const step of steps) {
    await step()
    spec = await follow(spec)
    expect(spec).toEqual(await whole())
  }
  expect(spec.routers[0]?.groups.flatMap((it) => it.rules)).toHaveLength(4)
})

test('a group that no rule named before comes with its members', async () => {
  const [web, db] = [await group('web'), await group('db')]
  await run(web)
  await run(db)
  const spec = await kept()
  await allow(web, { UserIdGroupPairs: [{ GroupId: db }] })
  expect(await follow(spec)).toEqual(await whole())
})

test('several changes at once are one, and what is as it was stays the same object', async () => {
  const [web, db] = [await group('web'), await group('db')]
  await run(web, db)
  const spec = await kept()
  await allow(web, anywhere)
  await allow(web, { ...anywhere, FromPort: 80, ToPort: 80 })
  const [router, before] = [(await follow(spec)).routers[0]!, spec.routers[0]!]
  expect(router.groups.find((it) => it.id === web)?.rules).toHaveLength(3)
  expect(router.groups.find((it) => it.id === db)).toBe(before.groups.find((it) => it.id === db))
  expect([router.vifs, router.routes]).toEqual([before.vifs, before.routes])
  expect(router.vifs).toBe(before.vifs)
})

test('guests that come and go, and their addresses, are told of by themselves', async () => {
  const web = await group('web')
  await allow(web, { UserIdGroupPairs: [{ GroupId: web }] })
  await run(web)
  await run(web)
  let spec = await kept()
  const id = await run(web)
  spec = await follow(spec)
  expect(spec).toEqual(await whole())
  await cloud.run(id)
  const { AllocationId } = await client.send(new AllocateAddressCommand({}))
  await client.send(new AssociateAddressCommand({ AllocationId, InstanceId: id }))
  spec = await follow(spec)
  expect(spec).toEqual(await whole())
  await client.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'Name', Value: 'web' }] }))
  await cloud.end(id)
  spec = await follow(spec)
  expect(spec).toEqual(await whole())
})

test('a change that does not follow what is there is not taken', async () => {
  const web = await group('web')
  await run(web)
  const spec = await kept()
  await allow(web, anywhere)
  const sent = changeOf(spec, await kept())
  expect(() => withChange({ ...spec, generation: spec.generation + 1 }, sent)).toThrow('a change of generation')
  expect(() => withChange(undefined, sent)).toThrow('where there is none')
})

const more = { AddEntries: [{ Cidr: '192.0.2.0/24' }] }
async function list(): Promise<string> {
  const input = { PrefixListName: 'offices', AddressFamily: 'IPv4', MaxEntries: 10, Entries: [{ Cidr: '10.0.0.0/8' }] }
  return (await client.send(new CreateManagedPrefixListCommand(input))).PrefixList!.PrefixListId!
}
