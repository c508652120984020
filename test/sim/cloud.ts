/** A whole cloud in one process: the control plane's store, strands and links, agents on hosts of fakes, one fake clock. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeClock } from '../../src/base/clock.ts'
import { type Log, openLog, silentLog } from '../../src/base/log.ts'
import { seededRandom } from '../../src/base/random.ts'
import { eventually } from '../../src/base/testing.ts'
import type { Spans } from '../../src/base/traces.ts'
import { ensureFirstAccount } from '../../src/control/accounts/accounts.ts'
import { attach as attachVolume, detach as detachVolume } from '../../src/control/attachments/attach.ts'
import { volumeAttachmentMachine } from '../../src/control/attachments/machine.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { keptSpecs } from '../../src/control/hosts/kept-scene.ts'
import { HostLinks } from '../../src/control/hosts/links.ts'
import { launch } from '../../src/control/instances/launch.ts'
import { instanceMachine } from '../../src/control/instances/machine.ts'
import { tell } from '../../src/control/instances/news.ts'
import { reboot } from '../../src/control/instances/reboot.ts'
import { terminate } from '../../src/control/instances/terminate.ts'
import { attach, detach } from '../../src/control/interfaces/attach.ts'
import { attachmentMachine } from '../../src/control/interfaces/attachment-machine.ts'
import { makeInterface, oneAddress } from '../../src/control/interfaces/make.ts'
import { createVolume } from '../../src/control/volumes/create.ts'
import { volumeMachine } from '../../src/control/volumes/machine.ts'
import { ensureDefaultVpc } from '../../src/control/vpcs/default-vpc.ts'
import { listSubnets } from '../../src/control/vpcs/find.ts'
import type { HostParts } from '../../src/host/agent.ts'
import { keepLink } from '../../src/host/link.ts'
import { FakeHost, type FakeTimes } from '../../src/host/testing.ts'
import type { HostSpec } from '../../src/host-api/spec.ts'
import type { HostId, InstanceId, InterfaceId, VolumeId } from '../../src/model/ids.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { InstanceRow, InterfaceRow } from '../../src/store/tables/resources.ts'
import type { AttachmentRow, VolumeRow } from '../../src/store/tables/volumes.ts'
import { Engine } from '../../src/strand/engine.ts'
import { bind } from '../../src/strand/machine.ts'
import { capacity, smallCloud as cloud, tinyImage as image, launchRequest as request } from '../small-cloud.ts'

const hostIds: readonly HostId[] = ['a1', 'a2']

interface Control {
  readonly store: Store
  stop(): Promise<void>
}

interface Running {
  stop(): Promise<void>
}

export class SimulatedCloud {
  readonly clock = new FakeClock()
  readonly hosts: readonly FakeHost[]
  readonly log: Log
  readonly #random = seededRandom('cloud')
  readonly #folder: string
  readonly #agents = new Map<HostId, Running>()
  #control: Control | undefined

  private constructor(folder: string, times: FakeTimes, spans: Spans | undefined) {
    this.#folder = folder
    this.log = spans ? openLog({ file: join(folder, 'log'), now: () => this.clock.now(), spans }) : silentLog
    this.hosts = hostIds.map((id) => new FakeHost(id, this.clock, times))
  }

  static async open(times: FakeTimes = {}, spans?: Spans): Promise<SimulatedCloud> {
    const it = new SimulatedCloud(await mkdtemp(join(tmpdir(), 'sim-')), times, spans)
    await it.startControl()
    for (const { id } of it.hosts) await it.startAgent(id)
    await it.until(async () => (await it.#connected()) === it.hosts.length)
    return it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopControl()
    for (const { id } of this.hosts) await this.stopAgent(id)
    await rm(this.#folder, { recursive: true })
  }

  get store(): Store {
    return this.#control!.store // the tests that stop it start it again
  }

  host(id: HostId | null): FakeHost {
    return this.hosts.find((it) => it.id === id)! // named by a row or a test
  }

  async startControl(): Promise<void> {
    const store = await openStore(join(this.#folder, 'store'), { clock: this.clock })
    await this.#prepare(store)
    const links = new HostLinks({
      store,
      specs: keptSpecs(store, cloud),
      intake: { changed: tell },
      clock: this.clock,
      log: this.log,
    })
    const engine = new Engine({
      store,
      machines: [
        bind(instanceMachine, { readConsole: links.console.bind(links) }),
        bind(attachmentMachine, {}),
        bind(volumeMachine, {}),
        bind(volumeAttachmentMachine, {}),
      ],
      clock: this.clock,
      random: this.#random,
      log: silentLog,
    })
    await engine.start()
    await links.listen(this.#socket)
    const stop = async () => {
      await engine.stop()
      await links.close()
      await store.close()
    }
    this.#control = { store, stop }
  }

  async stopControl(): Promise<void> {
    await this.#control?.stop()
    this.#control = undefined
  }

  /** `lost` are hosts that this agent had, and that are gone; `replaced` are parts of the host other than the usual. */
  async startAgent(id: HostId, lost: readonly HostId[] = [], replaced: Partial<HostParts> = {}): Promise<void> {
    await this.stopAgent(id)
    const host = this.host(id)
    const agent = await host.start({ log: this.log.child({ host: id }), ...replaced })
    const end = new AbortController()
    const capacities = new Map([[id, capacity]])
    const options = { socket: this.#socket, agents: [agent], capacities, lost, clock: this.clock, log: silentLog }
    const link = keepLink(options, end.signal)
    const stop = async () => {
      end.abort()
      await link
      await host.stop()
    }
    this.#agents.set(id, { stop })
  }

  async stopAgent(id: HostId): Promise<void> {
    await this.#agents.get(id)?.stop()
    this.#agents.delete(id)
  }

  async launch(count = 1): Promise<InstanceRow[]> {
    const { clock } = this
    const reservation = await this.store.transact(async (tx) => {
      const { id: account } = await tx.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow()
      const subnets = await listSubnets(tx, account)
      const groups = (await tx.db.selectFrom('securityGroups').select('id').execute()).map((it) => it.id)
      const context = { tx, cloud, now: clock.now(), random: this.#random }
      return await launch(context, { ...request, min: count, max: count, account, subnets, groups })
    })
    const rows = await this.instances()
    return rows.filter((it) => it.reservationId === reservation)
  }

  async terminate(id: InstanceId): Promise<void> {
    const row = await this.instance(id)
    await this.store.transact((tx) => terminate(tx, row, this.clock.now()))
  }

  /** Makes an interface and begins to attach it to the instance. */
  attachNew(id: InstanceId): Promise<InterfaceId> {
    return this.store.transact(async (tx) => {
      const instance = await tx.db.selectFrom('instances').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
      const [subnet] = await listSubnets(tx, instance.accountId)
      const groups = (await tx.db.selectFrom('securityGroups').select('id').execute()).map((it) => it.id)
      const around = { now: this.clock.now(), random: this.#random }
      const wanted = { account: instance.accountId, subnet: subnet!, groups, addresses: oneAddress, description: '' } // the default one
      const nic = await makeInterface(tx, wanted, around)
      await attach(tx, nic, instance, 1, around)
      return nic.id
    })
  }

  /** Makes a volume of 1 GiB. */
  async createVolume(): Promise<VolumeRow> {
    const asked = { zone: 'us-west-2a', sizeGiB: 1, type: 'gp3', iops: null, throughput: null } as const
    const id = await this.store.transact(async (tx) => {
      const { id: account } = await tx.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow()
      const context = { tx, now: this.clock.now(), random: this.#random }
      return createVolume(context, { account, ...asked, multiAttach: false, snapshot: null })
    })
    return this.volume(id)
  }

  volume(id: VolumeId): Promise<VolumeRow> {
    return this.store.read(({ db }) =>
      db.selectFrom('volumes').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    )
  }

  async attachVolume({ id }: Pick<VolumeRow, 'id'>, to: InstanceId): Promise<void> {
    const [volume, instance] = [await this.volume(id), await this.instance(to)]
    const options = { device: '/dev/sdf', deleteOnTermination: false, now: this.clock.now() }
    await this.store.transact((tx) => attachVolume(tx, volume, instance, options))
  }

  async detachVolume({ id }: Pick<VolumeRow, 'id'>): Promise<void> {
    const row = await this.attachmentOf({ id })
    await this.store.transact((tx) => detachVolume(tx, row!, false)) // the test has attached it
  }

  attachmentOf({ id }: Pick<VolumeRow, 'id'>): Promise<AttachmentRow | undefined> {
    return this.store.read(({ db }) =>
      db.selectFrom('attachments').selectAll().where('volumeId', '=', id).executeTakeFirst(),
    )
  }

  async detach(id: InterfaceId): Promise<void> {
    const nic = await this.interfaceOf(id)
    await this.store.transact((tx) => detach(tx, nic, false))
  }

  interfaceOf(id: InterfaceId): Promise<InterfaceRow> {
    return this.store.read(({ db }) =>
      db.selectFrom('interfaces').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    )
  }

  /** How many strands of this machine there are. */
  async strands(machine: string): Promise<number> {
    const rows = await this.store.read(({ db }) =>
      db.selectFrom('strands').select('subject').where('machine', '=', machine).execute(),
    )
    return rows.length
  }

  async reboot(id: InstanceId): Promise<void> {
    const row = await this.instance(id)
    await this.store.transact((tx) => reboot(tx, [row]))
  }

  instances(): Promise<InstanceRow[]> {
    return this.store.read(({ db }) => db.selectFrom('instances').selectAll().orderBy('id').execute())
  }

  async instance(id: InstanceId): Promise<InstanceRow> {
    const row = (await this.instances()).find((it) => it.id === id)
    if (!row) throw new Error(`${id} is forgotten`)
    return row
  }

  /** What the rows now say that the hosts shall be. */
  specs(): Promise<HostSpec[]> {
    return this.store.read((reader) => specsFrom(cloud)(reader, hostIds))
  }

  /** Lets time pass until `test` holds. */
  async until(test: () => Promise<boolean> | boolean): Promise<void> {
    await eventually(async () => {
      await this.clock.advance(100)
      if (!(await test())) throw new Error('not yet')
    })
  }

  untilState(id: InstanceId, state: InstanceRow['state']): Promise<void> {
    return this.until(async () => (await this.instance(id)).state === state)
  }

  get #socket(): string {
    return join(this.#folder, 'agents')
  }

  async #connected(): Promise<number> {
    const rows = await this.store.read(({ db }) =>
      db.selectFrom('hosts').select('id').where('connected', '=', 1).execute(),
    )
    return rows.length
  }

  #prepare(store: Store): Promise<void> {
    const now = this.clock.now()
    return store.transact(async (tx) => {
      const { account } = await ensureFirstAccount(tx, now, this.#random)
      await ensureDefaultVpc(tx, account, { cloud, now, random: this.#random })
      await ensureHosts(tx, this.hosts.map(placeOf))
      await tx.db
        .insertInto('images')
        .values(image)
        .onConflict((it) => it.doNothing())
        .execute()
    })
  }
}

function placeOf({ id }: FakeHost, index: number) {
  return { id, zone: 'us-west-2a', isEdge: false, underlayAddress: `100.64.1.${index + 1}` }
}
