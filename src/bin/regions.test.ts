/** Two control planes on one machine, whole but for guests: regions of one cloud. */
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EC2 } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import type { Credentials } from '../control/accounts/accounts.ts'
import { createAccount } from '../control/accounts/create.ts'
import { refusal } from '../ec2/testing.ts'
import { placedHosts } from './box.ts'
import { type ControlPlane, openControlPlane } from './control/control-plane.ts'
import { makeFolders } from './folders.ts'
import { enterRegion, networksToAvoid, othersOf } from './joining.ts'
import { reset } from './reset.ts'
import { recordProcess } from './running.ts'
import { type Choices, cloudOf, pathsOf, type Settings, settle } from './settings.ts'

let folder: string
const pathsIn = (name: string) => pathsOf(join(folder, name))
const choices: Choices = { hypervisor: 'fake', port: 0 }
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

const client = (control: ControlPlane, { accessKeyId, secretAccessKey }: Credentials) =>
  new EC2({
    ...{ endpoint: control.listener.url, region: 'us-west-2', maxAttempts: 1 },
    credentials: { accessKeyId, secretAccessKey },
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-regions-'))
  const home = pathsIn('west')
  west = await open('west', await settle(home, choices))
  east = await open('east', await settle(pathsIn('east'), joined(), await networksToAvoid(home, joined())))
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
      ['us-east-1', east.listener.url],
      ['us-west-2', west.listener.url],
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
