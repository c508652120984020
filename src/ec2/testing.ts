/** A cloud for tests: real store, codec and dispatcher, an official client whose network they are, and hosts made of rows. */
import { fileURLToPath } from 'node:url'
import { EC2 } from '@aws-sdk/client-ec2'
import { FakeClock } from '../base/clock.ts'
import { Retry } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import type { Manifest } from '../bundles/manifest.ts'
import { refuseBundle } from '../bundles/refused.ts'
import { ensureHosts } from '../control/hosts/hosts.ts'
import { leaveEnded } from '../control/interfaces/detach.ts'
import { type Regions, refuseRegion } from '../control/regions/regions.ts'
import { offerObjects } from '../control/vpc-endpoints/services.ts'
import { ensureDefaultVpc } from '../control/vpcs/default-vpc.ts'
import type { Caller } from '../iam/credentials.ts'
import { type Cloud, zoneName } from '../model/cloud.ts'
import { ApiError } from '../model/errors.ts'
import type { AccountId, DomainId, HostId, ImageId, InstanceId } from '../model/ids.ts'
import { type Codec, openCodec } from '../query/codec.ts'
import { Dispatcher } from '../query/dispatch.ts'
import { Pager } from '../query/paging.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { ImageRow, InstanceRow } from '../store/tables/resources.ts'
import type { Context, View } from './action.ts'
import { groundFor, type World } from './ground.ts'
import { ec2Actions } from './index.ts'
import { keptAnswers } from './kept-answers.ts'

export const alice: AccountId = '111122223333'
export const bob: AccountId = '444455556666'
export const tinyImage: ImageId = 'ami-f33fa9c3'

export const testCloud: Cloud = {
  region: 'us-west-2',
  zones: ['a', 'b', 'c'],
  dns: { publicSuffix: 'compute.amazonaws.com', privateSuffix: 'compute.internal' },
  scale: 16,
  ecuPerCore: 1,
  pool6: '2001:db8:1000::/40',
  publicPool: { first: '54.187.0.1', last: '54.187.0.200' },
  endpoint: 'http://127.0.0.1:8773',
}

export type Params = Readonly<Record<string, string>>

export class TestCloud implements AsyncDisposable {
  readonly clock = new FakeClock()
  readonly store: Store
  readonly cloud: Cloud
  readonly #codec: Codec
  readonly #dispatcher: Dispatcher<Context, View>
  readonly #world: World
  /** The manifests of bundles that may be registered, by their locations. */
  readonly manifests = new Map<string, Manifest>()
  hasUefi = true
  /** Other regions of the same cloud. */
  others: readonly TestCloud[] = []
  /** What each domain has on its console; asking for another is asking a host that is away. */
  readonly consoles = new Map<DomainId, string>()

  private constructor(store: Store, codec: Codec, cloud: Cloud) {
    this.store = store
    this.cloud = cloud
    this.#codec = codec
    this.#dispatcher = new Dispatcher({ actions: ec2Actions, codec, pager: new Pager(Buffer.alloc(32, 7)) })
    const hosts = {
      console: async (_: HostId, domain: DomainId) => Buffer.from(this.#console(domain)),
      frozen: async () => {},
    }
    const manifests = {
      manifest: async (_: AccountId, location: string) => {
        const manifest = this.manifests.get(location)
        return manifest ? { text: '<manifest/>', manifest } : refuseBundle('there is none')
      },
    }
    const regions: Regions = {
      list: async () => [this, ...this.others].map(({ cloud: { region, endpoint } }) => ({ name: region, endpoint })),
      look: async (name, work) =>
        this.others.find((it) => it.cloud.region === name)?.store.read(work) ?? refuseRegion(name),
    }
    const outside = { manifests, regions, hasUefi: async () => this.hasUefi }
    const answers = keptAnswers(store)
    const around = { clock: this.clock, random: seededRandom('ec2'), log: silentLog }
    this.#world = { ...outside, store, answers, cloud, hosts, ...around }
  }

  /** Alice and Bob with their default VPCs, a public image, two hosts a zone with 2 GiB each, and an edge. */
  static async open(like: Cloud = testCloud): Promise<TestCloud> {
    const codec = await openCodec('ec2', fileURLToPath(new URL('../../.cache', import.meta.url)))
    const cloud = new TestCloud(await openStore(':memory:'), codec, like)
    await cloud.#populate()
    return cloud
  }

  /** An official client of `account`, with this cloud for its network. */
  client(account: AccountId = alice): EC2 {
    const handle = async (request: { body?: unknown }) => {
      const { status, body } = await this.query([...new URLSearchParams(String(request.body))], account)
      return { response: { statusCode: status, headers: {}, body: new TextEncoder().encode(body) } }
    }
    return new EC2({
      region: testCloud.region,
      endpoint: testCloud.endpoint,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      maxAttempts: 1,
      requestHandler: { handle: handle as never },
    })
  }

  /** The answer's XML to these parameters, errors included. What is not the caller's affair is thrown. */
  async query(
    params: readonly (readonly [string, string])[],
    account = alice,
  ): Promise<{ status: number; body: string }> {
    const { Action: operation = '', Version: version = '2016-11-15' } = Object.fromEntries(params)
    const call = { operation, version, requestId: 'request', params }
    try {
      const ground = groundFor(this.#world, callerOf(account))
      const answer = await this.#dispatcher.dispatch(call, ground, new AbortController().signal)
      return { status: 200, body: typeof answer === 'string' ? answer : Buffer.concat(answer).toString() }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const { code, message, status } = error
      return { status, body: this.#codec.encodeError({ code, message, status, requestId: 'request' }) }
    }
  }

  /** The XML to an action written as old clients do. */
  async ask(Action: string, params: Params = {}, account = alice): Promise<string> {
    return (await this.query(Object.entries({ Action, ...params }), account)).body
  }

  /** Makes the instance's row say this, as its strand would. */
  async change(id: string, set: Partial<InstanceRow>): Promise<InstanceRow> {
    return this.store.transact((tx) =>
      tx.db
        .updateTable('instances')
        .set(set)
        .where('id', '=', id as InstanceId)
        .returningAll()
        .executeTakeFirstOrThrow(),
    )
  }

  /** Makes the instance run: its host says so. */
  async run(id: string): Promise<InstanceRow> {
    const row = await this.change(id, { state: 'running', stateReason: null, runningAt: this.clock.now().getTime() })
    await this.store.transact(async (tx) => {
      const fact = {
        id: row.domainId,
        hostId: row.hostId!,
        state: 'running',
        cause: null,
        startedAt: null,
        reboots: 0,
        pluggedJson: '[]',
        vifsJson: '[]',
      } as const
      await tx.db.insertInto('domainFacts').values(fact).execute()
    })
    return row
  }

  /** Ends the instance for good, as its strand would. */
  async end(id: string): Promise<InstanceRow> {
    const row = await this.change(id, {
      state: 'terminated',
      hostId: null,
      power: 'gone',
      terminatedAt: this.clock.now().getTime(),
    })
    await this.store.transact(async (tx) => {
      await tx.db.deleteFrom('domainFacts').where('id', '=', row.domainId).execute()
      await leaveEnded(tx, row.id)
    })
    return row
  }

  /** The generation of each host: what grows where something is wished. */
  async generations(): Promise<Record<HostId, number>> {
    const rows = await this.store.read((reader) => reader.db.selectFrom('hosts').select(['id', 'generation']).execute())
    return Object.fromEntries(rows.map((row) => [row.id, row.generation]))
  }

  async addImage(row: Partial<ImageRow> & { id: ImageId }): Promise<void> {
    await this.store.transact((tx) =>
      tx.db
        .insertInto('images')
        .values({ ...image, ...row })
        .execute(),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close()
  }

  #console(domain: DomainId): string {
    const text = this.consoles.get(domain)
    if (text === undefined) throw new Retry('the host is away')
    return text
  }

  async #populate(): Promise<void> {
    const context = { cloud: testCloud, now: this.clock.now(), random: this.#world.random }
    await this.store.transact(async (tx) => {
      for (const id of [alice, bob]) {
        await tx.db.insertInto('accounts').values({ id, name: id, createdAt: 0 }).execute()
        await ensureDefaultVpc(tx, id, context)
      }
      await offerObjects(tx, testCloud, this.clock.now())
      await ensureHosts(tx, [...hosts(), { id: 'edge', zone: 'us-west-2a', isEdge: true, underlayAddress: '10.0.0.1' }])
      await tx.db
        .updateTable('hosts')
        .set({ connected: 1, memoryMib: 2048, cores: 2, diskGib: 20, accelerator: 'none' })
        .execute()
    })
    await this.addImage({ id: tinyImage })
  }
}

function hosts() {
  return testCloud.zones.flatMap((zone, z) =>
    [1, 2].map((number) => ({
      id: `${zoneName(testCloud, zone)}-${number}`,
      zone: zoneName(testCloud, zone),
      isEdge: false,
      underlayAddress: `10.0.${z + 1}.${number}`,
    })),
  )
}

const image: Omit<ImageRow, 'id'> = {
  accountId: '999999999999',
  ownerAlias: 'amazon',
  name: 'tiny',
  description: 'A tiny Linux',
  state: 'available',
  isPublic: 1,
  architecture: 'x86_64',
  kernelFile: 'vmlinuz',
  firmware: null,
  ramdiskFile: 'initrd',
  rootFile: 'root.ext4',
  commandLine: 'root=/dev/vda',
  rootSizeMib: 64,
  digest: 'sha256:0',
  createdAt: Date.parse('2026-01-01T00:00:00.000Z'),
}

export function callerOf(account: AccountId): Caller {
  return { account, user: 'root', userId: account, arn: `arn:aws:iam::${account}:root`, accessKeyId: `AKIA${account}` }
}

/** What the caller is told of `promise`'s failure: its code and message. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`
  }
  return 'nothing was refused'
}
