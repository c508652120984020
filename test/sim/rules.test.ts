import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  type EC2Client,
  type IpPermission,
  ModifyManagedPrefixListCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GroupChanges } from '../../src/control/hosts/group-changes.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { type RulesNote, rulesChannel } from '../../src/control/hosts/wishes.ts'
import { TestCloud, testCloud, tinyImage } from '../../src/ec2/testing.ts'
import { applyChange } from '../../src/host/apply-change.ts'
import type { HostSpec } from '../../src/host-api/spec.ts'

let cloud: TestCloud
let client: EC2Client
let changes: GroupChanges
/** Where the guests are. */
let host: string

beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
  changes = new GroupChanges()
  host = ''
  cloud.store.listen(rulesChannel, (text) => {
    const note = JSON.parse(text) as RulesNote
    changes.note(note.host, note.generation)
  })
})
afterEach(() => cloud[Symbol.asyncDispose]())

const group = async (GroupName: string) =>
  (await client.send(new CreateSecurityGroupCommand({ GroupName, Description: 'web' }))).GroupId!
const run = async (...SecurityGroupIds: string[]) => {
  const input = { ImageId: tinyImage, MinCount: 1, MaxCount: 1, SecurityGroupIds }
  await client.send(new RunInstancesCommand(input))
  host ||= (await hostOfGuests()) ?? ''
}
const hostOfGuests = async () => (await specs()).find((it) => it.domains.length > 0)?.host
const specs = async () => {
  const hosts = Object.keys(await cloud.generations())
  return cloud.store.read((reader) => specsFrom(testCloud)(reader, hosts))
}
const whole = async () => (await specs()).find((it) => it.host === host)!
const change = () => cloud.store.read((reader) => changes.changeFor(reader, host))
const ssh: IpPermission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22 }
const allow = (GroupId: string, over: IpPermission) =>
  client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ ...ssh, ...over }] }))
const anywhere = { IpRanges: [{ CidrIp: '0.0.0.0/0' }] }

/** What the host has after the change that it is sent now, from what it was sent before. */
async function follow(before: HostSpec): Promise<HostSpec> {
  const sent = await change()
  expect(sent).toBeDefined()
  return applyChange(before, sent!)
}

test('a host that follows changes of rules has what a whole spec would tell it', async () => {
  const [web, db, offices] = [await group('web'), await group('db'), await list()]
  await run(web, db)
  let spec = await whole()
  changes.remember(spec)
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
  const spec = await whole()
  changes.remember(spec)
  await allow(web, { UserIdGroupPairs: [{ GroupId: db }] })
  expect(await follow(spec)).toEqual(await whole())
})

test('several changes at once are one, and only groups that differ are in it', async () => {
  const [web, db] = [await group('web'), await group('db')]
  await run(web, db)
  const spec = await whole()
  changes.remember(spec)
  await allow(web, anywhere)
  await allow(web, { ...anywhere, FromPort: 80, ToPort: 80 })
  const sent = await change()
  expect(sent?.routers.flatMap((it) => it.changed.map(({ id }) => id))).toEqual([web])
  expect(applyChange(spec, sent!)).toEqual(await whole())
})

test('where anything else changed too, or nothing was sent, the whole is sent', async () => {
  const web = await group('web')
  await run(web)
  await allow(web, anywhere)
  expect(await change()).toBeUndefined()
  changes.remember(await whole())
  expect(await change()).toBeUndefined()
  await run(web)
  await allow(web, { ...anywhere, FromPort: 80, ToPort: 80 })
  expect(await change()).toBeUndefined()
  changes.remember(await whole())
  changes.forget(host)
  await allow(web, { ...anywhere, FromPort: 81, ToPort: 81 })
  expect(await change()).toBeUndefined()
})

test('a change that does not follow what is there is not taken', async () => {
  const web = await group('web')
  await run(web)
  const spec = await whole()
  changes.remember(spec)
  await allow(web, anywhere)
  const sent = await change()
  expect(() => applyChange({ ...spec, generation: spec.generation + 1 }, sent!)).toThrow('a change of generation')
  expect(() => applyChange(undefined, sent!)).toThrow('where there is none')
})

const more = { AddEntries: [{ Cidr: '192.0.2.0/24' }] }
async function list(): Promise<string> {
  const input = { PrefixListName: 'offices', AddressFamily: 'IPv4', MaxEntries: 10, Entries: [{ Cidr: '10.0.0.0/8' }] }
  return (await client.send(new CreateManagedPrefixListCommand(input))).PrefixList!.PrefixListId!
}
