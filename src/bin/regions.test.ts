/** Two control planes on one machine, whole but for guests: regions of one cloud. */
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EC2 } from '@aws-sdk/client-ec2'
import { S3 } from '@aws-sdk/client-s3'
import { STS } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import type { Credentials } from '../control/accounts/accounts.ts'
import { createAccount } from '../control/accounts/create.ts'
import { refusal } from '../ec2/testing.ts'
import { readElsewhere } from '../s3/elsewhere.ts'
import { placedHosts } from './box.ts'
import { type ControlPlane, openControlPlane } from './control/control-plane.ts'
import { openIdentity } from './control/identity.ts'
import { makeFolders } from './folders.ts'
import { enterRegion, networksToAvoid, othersOf } from './joining.ts'
import { reset } from './reset.ts'
import { recordProcess } from './running.ts'
import { type Choices, cloudOf, pathsOf, type Settings, settle } from './settings.ts'

let folder: string
const pathsIn = (name: string) => pathsOf(join(folder, name))
const choices: Choices = { hypervisor: 'fake' }
const joined = (): Choices => ({ ...choices, region: 'us-east-1', join: pathsIn('west').data })
let west: ControlPlane
let east: ControlPlane

async function open(name: string, settings: Settings): Promise<ControlPlane> {
  const paths = pathsIn(name)
  await enterRegion({ paths, settings })
  await makeFolders(paths)
  const cloud = cloudOf(settings, 'none')
  const control = await openControlPlane({ paths, settings, cloud, boxHosts: placedHosts(settings), log: silentLog })
  await recordProcess(paths.controlState, { endpoint: control.listener.url })
  return control
}

const keysOf = ({ accessKeyId, secretAccessKey }: Credentials) => ({ accessKeyId, secretAccessKey })
const client = (control: ControlPlane, credentials: Credentials) =>
  new EC2({
    ...{ endpoint: `http://127.0.0.1:${control.listener.port}`, region: 'us-west-2', maxAttempts: 1 },
    credentials: keysOf(credentials),
  })

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await promisify(server.close.bind(server))()
  return port
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-regions-'))
  const home = pathsIn('west')
  west = await open('west', await settle(home, { ...choices, host: '0.0.0.0', port: await freePort() }))
  const eastern = { ...joined(), port: await freePort() }
  east = await open('east', await settle(pathsIn('east'), eastern, await networksToAvoid(home, eastern)))
})

afterAll(async () => {
  await east?.[Symbol.asyncDispose]()
  await west?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('each region tells of all, and of where they are', async () => {
  for (const it of [west, east]) {
    const { Regions } = await client(it, west.credentials).describeRegions({ AllRegions: true })
    expect(Regions?.map((region) => [region.RegionName, `http://${region.Endpoint}`])).toEqual([
      ['us-east-1', `http://127.0.0.1:${east.listener.port}`],
      ['us-west-2', `http://127.0.0.1:${west.listener.port}`],
    ])
  }
  const { Regions } = await client(west, west.credentials).describeRegions({
    Filters: [{ Name: 'region-name', Values: ['us-east-*'] }],
  })
  expect(Regions).toHaveLength(1)
})

test('what one region has is nothing in the other', async () => {
  const [there] = (await client(west, west.credentials).describeVpcs({})).Vpcs ?? []
  const asked = client(east, west.credentials).describeVpcs({ VpcIds: [there!.VpcId!] })
  expect(await refusal(asked)).toMatch(/^InvalidVpcID.NotFound/)
})

test('accounts of the first region sign in the other from when they are made until their keys go, and whether or not it serves', async () => {
  const made = await west.store.transact((tx) => createAccount(tx, 'carl', new Date(), systemRandom))
  const here = client(east, made)
  expect((await here.describeVpcs({})).Vpcs).toMatchObject([{ IsDefault: true, OwnerId: made.account }])
  await west[Symbol.asyncDispose]()
  expect((await here.describeVpcs({})).Vpcs).toHaveLength(1)
  west = await open('west', await settle(pathsIn('west'), choices))
  await west.store.transact((tx) => tx.db.deleteFrom('accessKeys').where('id', '=', made.accessKeyId).execute())
  expect(await refusal(here.describeVpcs({}))).toMatch(/^AuthFailure/)
})

test('temporary keys are given by the first region, and sign in all', async () => {
  const sts = (control: ControlPlane) =>
    new STS({
      ...{ endpoint: `http://127.0.0.1:${control.listener.port}`, region: 'us-west-2', maxAttempts: 1 },
      credentials: keysOf(west.credentials),
    })
  expect(await refusal(sts(east).getSessionToken())).toMatch(/^UnsupportedOperation/)
  const { Credentials } = await sts(west).getSessionToken()
  const given = { accessKeyId: Credentials!.AccessKeyId!, secretAccessKey: Credentials!.SecretAccessKey! }
  const asked = (sessionToken?: string) => {
    const endpoint = `http://127.0.0.1:${east.listener.port}`
    const credentials = { ...given, ...(sessionToken !== undefined && { sessionToken }) }
    return new EC2({ endpoint, region: 'us-west-2', maxAttempts: 1, credentials }).describeVpcs({})
  }
  expect((await asked(Credentials!.SessionToken)).Vpcs).toHaveLength(1)
  expect(await refusal(asked())).toMatch(/^AuthFailure/)
})

test('objects are those of the first region, each for the accounts that may read it there', async () => {
  const made = await west.store.transact((tx) => createAccount(tx, 'dora', new Date(), systemRandom))
  const endpoint = `http://127.0.0.1:${west.listener.port}`
  const objects = new S3({ endpoint, region: 'us-west-2', forcePathStyle: true, credentials: keysOf(made) })
  await objects.createBucket({ Bucket: 'doras' })
  await objects.putObject({ Bucket: 'doras', Key: 'disk', Body: 'bytes' })
  const place = { paths: pathsIn('east'), settings: await settle(pathsIn('east'), {}) }
  await using identity = await openIdentity(place, east.store, cloudOf(place.settings, 'none'))
  const read = async (account: string) => {
    const at = { bucket: 'doras', key: 'disk' }
    return readElsewhere(await identity.elsewhere!(account), at, new Date(), AbortSignal.timeout(10_000)) // it joined
  }
  const pieces = []
  for await (const it of (await read(made.account))!.content) pieces.push(it)
  expect(String(Buffer.concat(pieces))).toBe('bytes')
  expect(await read(west.credentials.account)).toBeUndefined()
})

test.each<[string, string, Choices]>([
  ['where there is no cloud', 'none', {}],
  ['a region that joined another', 'east', { region: 'eu-west-1' }],
  ['under a name that is taken', 'west', {}],
  ['with another hypervisor', 'west', { region: 'eu-west-1', hypervisor: 'qemu' }],
])('no region joins %s', async (_, name, more) => {
  await expect(networksToAvoid(pathsIn(name), { ...joined(), ...more })).rejects.toThrow()
})

test('a link to a data directory is as good as its name', async () => {
  const link = join(folder, 'link')
  await symlink(pathsIn('west').data, link)
  const home = pathsOf(link)
  const others = await othersOf({ paths: home, settings: await settle(home, {}) })
  expect(others.map((it) => it.settings.region)).toEqual(['us-east-1'])
})

test('regions have public addresses of their own, and a region stays what it joined', async () => {
  const [home, region] = [await settle(pathsIn('west'), {}), await settle(pathsIn('east'), joined())]
  expect(region.publicNetwork).not.toBe(home.publicNetwork)
  await expect(settle(pathsIn('east'), { join: '/elsewhere' })).rejects.toThrow('accounts')
  await expect(settle(pathsIn('west'), { join: '/elsewhere' })).rejects.toThrow('accounts of its own')
})

test('the first region is not deleted while another lives by it', async () => {
  const progress = { say: () => {}, step: <T>(_: string, work: (detail: () => void) => Promise<T>) => work(() => {}) }
  const gone = (name: string) => reset({ paths: pathsIn(name), sure: true, progress }, AbortSignal.timeout(10_000))
  await expect(gone('west')).rejects.toThrow('us-east-1')
  await east[Symbol.asyncDispose]()
  await rm(pathsIn('east').controlState) // The test's own process.
  await gone('east')
  const home = pathsIn('west')
  expect(await othersOf({ paths: home, settings: await settle(home, {}) })).toEqual([])
})
