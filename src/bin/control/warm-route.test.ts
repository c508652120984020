import { Readable } from 'node:stream'
import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Retry } from '../../base/fault.ts'
import { eventually } from '../../base/testing.ts'
import { specsFrom } from '../../control/hosts/host-spec.ts'
import { beginSnapshot } from '../../control/snapshots/create.ts'
import { machineToPark } from '../../drivers/hypervisor/qemu/parking/park.ts'
import { TestCloud, tinyImage } from '../../ec2/testing.ts'
import type { DomainSpec } from '../../host-api/spec.ts'
import type { HttpResponse, RequestHead } from '../../http/exchange.ts'
import type { HostId } from '../../model/ids.ts'
import { warmRoute } from './warm-route.ts'

let cloud: TestCloud
/** What agents were asked for. */
let asked: { host: HostId; like: DomainSpec }[]
let answer: (host: HostId) => Promise<'made' | 'there'>
const guests = ['a', 'b', 'c'].flatMap((zone) => [1, 2].map((number) => `us-west-2${zone}-${number}`))

beforeEach(async () => {
  cloud = await TestCloud.open()
  asked = []
  answer = async () => 'made'
})
afterEach(() => cloud[Symbol.asyncDispose]())

async function ask(image: string, query = '', agents: readonly string[][] = [['edge', ...guests]]) {
  const hosts = {
    agents: () => agents.map((it) => [...it]),
    warm: async (host: HostId, like: DomainSpec) => {
      asked.push({ host, like })
      return answer(host)
    },
  }
  const head = { method: 'POST', path: `/cumulet/parked/${image}`, query } as RequestHead
  return warmRoute({ ...cloud, hosts }).handle(head, Readable.from([]), new AbortController().signal)
}

async function textOf({ status, body }: HttpResponse): Promise<string> {
  const pieces: Buffer[] = []
  for await (const it of typeof body === 'string' ? [Buffer.from(body)] : (body as AsyncGenerator<Buffer>))
    pieces.push(it)
  return `${status} ${Buffer.concat(pieces)}`
}

const said = async (...of: Parameters<typeof ask>) => textOf(await ask(...of))

const mapped = 'ami-00000000000000002'

test.each([
  ['of the usual type', tinyImage, undefined],
  ['of another type', tinyImage, 'm1.large'],
  ['whose image maps disks', mapped, 'm1.large'],
] as const)('what is parked is what a launch makes, %s', async (_, ImageId, InstanceType) => {
  const mappingsJson = JSON.stringify([{ device: '/dev/sdx', virtual: 'ephemeral0' }])
  await cloud.addImage({ id: mapped, name: 'mapped', mappingsJson, commandLine: 'quiet cumulet.parks' })
  await said(ImageId, InstanceType && `type=${InstanceType}`)
  const run = new ec2.RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1, ...(InstanceType && { InstanceType }) })
  await cloud.client().send(run)
  const specs = await cloud.store.read((reader) => specsFrom(cloud.cloud)(reader, guests))
  const [launched] = specs.flatMap((it) => it.domains)
  expect(machineToPark(asked[0]!.like)).toEqual(machineToPark(launched!))
})

test('one host of each agent is asked, none of the edge', async () => {
  const agents = [['edge'], guests.slice(0, 2), guests.slice(2)]
  answer = async (host) => (host === guests[0] ? 'there' : 'made')
  expect(JSON.parse((await said(tinyImage, '', agents)).slice(4))).toEqual([
    { hosts: guests.slice(0, 2), outcome: 'there' },
    { hosts: guests.slice(2), outcome: 'made' },
  ])
  expect(asked.map((it) => it.host)).toEqual([guests[0], guests[2]])
})

test('an agent that fails does not hide what others said, and hosts that are away are told of', async () => {
  answer = async (host) => (host === guests[0] ? 'made' : Promise.reject(new Retry('the agent is gone')))
  const agents = [guests.slice(0, 2), guests.slice(2, 4)]
  expect(JSON.parse((await said(tinyImage, '', agents)).slice(4))).toEqual([
    { hosts: guests.slice(0, 2), outcome: 'made' },
    { hosts: guests.slice(2, 4), failure: 'the agent is gone' },
    { hosts: guests.slice(4), failure: 'not connected' },
  ])
})

test('hosts that are lost are not asked, and not missed', async () => {
  await cloud.store.transact(({ db }) =>
    db.updateTable('hosts').set({ lost: 1 }).where('id', '!=', guests[0]!).execute(),
  )
  expect(await said(tinyImage)).toBe(`200 ${JSON.stringify([{ hosts: [guests[0]], outcome: 'made' }])}`)
})

test('the connection is kept alive while machines boot', async () => {
  const gate = Promise.withResolvers<'made'>()
  answer = () => gate.promise
  const { body } = await ask(tinyImage)
  const pieces = body as AsyncGenerator<Buffer>
  const first = pieces.next()
  await cloud.clock.advance(30_000)
  expect(String((await first).value)).toBe('\n')
  const second = pieces.next()
  gate.resolve('made')
  expect(String((await second).value)).toContain('"outcome":"made"')
  expect(await pieces.next()).toMatchObject({ done: true })
})

test('what cannot be launched is refused as a launch of it is', async () => {
  expect(await said('ami-00000000')).toBe("400 The image id '[ami-00000000]' does not exist\n")
  expect(await said('../x')).toMatch(/^400 The image id '\[\.\.\/x]' does not exist/)
  expect(await said(tinyImage, 'type=m1.tiny')).toBe("400 Invalid value 'm1.tiny' for InstanceType.\n")
  await cloud.addImage({ id: mapped, name: 'late', state: 'pending' })
  expect(await said(mapped)).toBe(`400 The image ID '${mapped}' is not available\n`)
  expect(asked).toEqual([])
})

test('an image on a volume is refused: each of its instances has a root disk of its own', async () => {
  const of = { kind: 'image', image: tinyImage, file: 'root.ext4', sizeMiB: 1024 } as const
  const id = 'snap-00000000000000001'
  await cloud.store.transact((tx) =>
    beginSnapshot(
      { tx, now: cloud.clock.now() },
      { id, account: '999999999999', host: guests[0]!, of, sizeGiB: 1, description: '' },
    ),
  )
  await cloud.addImage({ id: mapped, name: 'on a volume', rootSnapshotId: id })
  expect(await said(mapped)).toMatch(/^400 .* its launches boot: their root disk is a volume\n$/)
})

test('files that are not here are fetched first, as for a launch', async () => {
  const manifest = {
    type: 'machine',
    location: 'b/m',
    manifest: '<manifest/>',
    kernelId: null,
    ramdiskId: null,
  } as const
  await cloud.store.transact(({ db }) =>
    db
      .insertInto('bundledImages')
      .values({ imageId: tinyImage, failure: null, presence: 'away', ...manifest })
      .execute(),
  )
  expect(await said(tinyImage)).toBe('202 ')
  await cloud.store.transact(({ db }) => db.updateTable('bundledImages').set({ presence: 'here' }).execute())
  expect(await said(tinyImage)).toMatch(/^200 /)
  await eventually(() => expect(asked).toHaveLength(1))
})
