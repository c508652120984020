import { expect } from 'vitest'
import type { FakeClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { ensureFirstAccount } from '../../src/control/accounts/accounts.ts'
import { attach } from '../../src/control/attachments/attach.ts'
import { volumeAttachmentMachine } from '../../src/control/attachments/machine.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { greetHosts, takeNews } from '../../src/control/hosts/intake.ts'
import { imageOfInstance } from '../../src/control/images/ebs-images.ts'
import { ebsImageMachine } from '../../src/control/images/ebs-machine.ts'
import { tell } from '../../src/control/instances/news.ts'
import { createSnapshot } from '../../src/control/snapshots/create.ts'
import { snapshotMachine } from '../../src/control/snapshots/machine.ts'
import type { Arrivals } from '../../src/control/snapshots/source.ts'
import { createVolume } from '../../src/control/volumes/create.ts'
import { volumeMachine } from '../../src/control/volumes/machine.ts'
import { modify, shapeOf } from '../../src/control/volumes/modify.ts'
import type { DomainFact } from '../../src/host-api/facts.ts'
import type { DomainSpec } from '../../src/host-api/spec.ts'
import type { VolumesFact } from '../../src/host-api/volumes.ts'
import type { Cloud } from '../../src/model/cloud.ts'
import type { SnapshotId } from '../../src/model/ids.ts'
import type { Store } from '../../src/store/store.ts'
import type { AttachmentRow } from '../../src/store/tables/volumes.ts'
import { destroy } from '../../src/strand/calls.ts'
import { bind } from '../../src/strand/machine.ts'
import { nothingArrives } from '../small-cloud.ts'
import { faultsOf } from './machines.ts'

const cloud: Cloud = {
  region: 'us-west-2',
  zones: ['a'],
  dns: { publicSuffix: 'compute.amazonaws.com', privateSuffix: 'compute.internal' },
  scale: 8,
  ecuPerCore: 1,
  pool6: '2001:db8:1000::/40',
  publicPool: { first: '203.0.113.10', last: '203.0.113.20' },
  endpoint: 'http://127.0.0.1:8773',
}
const host = 'a1'
const zone = 'us-west-2a'
const domain = 'dom_7'

/** A host that does at once what it is told of volumes, and has one domain that runs. It outlives the control plane. */
class Host {
  readonly clock: FakeClock
  volumes: VolumesFact = { volumes: [], snapshots: [] }
  plugged: NonNullable<DomainFact['plugged']> = []
  /** What came from another region and is no snapshot yet. */
  readonly disks = new Set<string>()
  /** Teardown was asked for. */
  ending = false
  reboots = 0
  held: number | undefined
  /** How often it told of what its guest has let go of, and is held open for some turns more. */
  #halves = 0

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  /** Takes the newest spec and reports. */
  async turn(store: Store): Promise<void> {
    const [spec] = await store.read((reader) => specsFrom(cloud)(reader, [host]))
    const { volumes = [], snapshots = [], removed } = spec!.volumes ?? {}
    const isGone = (id: string) => [...(removed?.volumes ?? []), ...(removed?.snapshots ?? [])].some((it) => it === id)
    const made = volumes.map(({ id, sizeMiB, domains, limits }) => ({
      ...{ id, sizeMiB, domains, limits, state: 'ready' as const },
      frozen: snapshots.filter(({ of }) => of.kind === 'volume' && of.volume === id).map((it) => it.id),
    }))
    const kept = this.volumes.volumes.filter((it) => !isGone(it.id) && !made.some(({ id }) => id === it.id))
    const isNew = (id: string) => this.volumes.snapshots.every((it) => it.id !== id)
    for (const { id, of } of snapshots) if (of.kind === 'image' && isNew(id)) expect(this.disks).toContain(id)
    const complete = snapshots.map(({ id }) => ({ id, state: 'complete' as const, progress: 100 }))
    this.volumes = { volumes: [...kept, ...made], snapshots: complete }
    const wanted = (spec!.domains[0]?.plugs ?? []).map(({ volume, sizeMiB }) => ({ volume, sizeMiB }))
    const leaving = this.plugged.filter((it) => !wanted.some(({ volume }) => volume === it.volume))
    this.#halves = leaving.length > 0 ? this.#halves + 1 : 0
    this.plugged = [...wanted, ...(this.#halves < 3 ? leaving.map((it) => ({ ...it, half: true as const })) : [])]
    for (const { volume } of this.plugged)
      expect(this.volumes.volumes.find((it) => it.id === volume)?.domains).toEqual([domain])
    const { generation } = spec!
    const domains = [
      { id: domain, state: 'running', plugged: this.plugged, ...this.#reboot(spec!.domains[0]) },
    ] as const
    const facts = { host, received: generation, settled: generation, domains, volumes: this.volumes, troubles: [] }
    await takeNews(store, { changed: tell }, [{ said: facts }])
  }

  /** Goes off at once where that is held, and comes back at once where it is not. */
  #reboot(wanted: DomainSpec | undefined): Pick<DomainFact, 'reboots' | 'heldReboot'> {
    const { reboots = 0, holdReboot = 0 } = wanted ?? {}
    this.held = this.reboots < holdReboot ? holdReboot : undefined
    if (this.held === undefined) this.reboots = Math.max(this.reboots, reboots)
    return { reboots: this.reboots, ...(this.held !== undefined && { heldReboot: this.held }) }
  }
}

async function prepare(store: Store, world: Host): Promise<string> {
  const account = await store.transact(async (tx) => {
    const { account } = await ensureFirstAccount(tx, world.clock.now(), seededRandom('volumes'))
    await ensureHosts(tx, [{ id: host, zone, isEdge: false, underlayAddress: '100.64.1.1' }])
    return account
  })
  await greetHosts(store, [{ host, capacity: { memoryMiB: 4096, cores: 2, diskGiB: 100, accelerator: 'none' } }])
  return account
}

function makeVolume(store: Store, world: Host, account: string) {
  const asked = { zone, sizeGiB: 1, type: 'gp3', iops: null, throughput: null, multiAttach: false } as const
  const context = { now: world.clock.now(), random: seededRandom('volume') }
  return store.transact((tx) => createVolume({ tx, ...context }, { account, ...asked, snapshot: null }))
}

const machines = (arrivals: Arrivals = nothingArrives) =>
  [bind(volumeMachine, {}), bind(volumeAttachmentMachine, {}), bind(snapshotMachine, { arrivals })] as const

faultsOf('a volume', {
  world: (clock) => new Host(clock),
  machines: () => machines(),
  begin: async (store, world) => makeVolume(store, world, await prepare(store, world)),
  react: (store, world) => world.turn(store),
  restsAt: ['rest'],
  unreached: ['modify', 'optimize'],
  async created(store, world) {
    const row = await store.read(({ db }) => db.selectFrom('volumes').selectAll().executeTakeFirstOrThrow())
    expect(row.state).toBe('available')
    expect(world.volumes.volumes.map((it) => it.id)).toEqual([row.id])
  },
  async gone(store, world) {
    expect(await store.read(({ db }) => db.selectFrom('volumes').selectAll().execute())).toEqual([])
    expect(world.volumes.volumes).toEqual([])
  },
})

faultsOf('a snapshot', {
  world: (clock) => new Host(clock),
  machines: () => {
    const [volume, attachment, snapshot] = machines()
    return [snapshot, volume, attachment]
  },
  async begin(store, world): Promise<SnapshotId> {
    const account = await prepare(store, world)
    const volume = await makeVolume(store, world, account)
    const asked = { account, host, of: { kind: 'volume', volume }, sizeGiB: 1, description: '' } as const
    const context = { now: world.clock.now(), random: seededRandom('snapshot') }
    return store.transact((tx) => createSnapshot({ tx, ...context }, asked))
  },
  react: (store, world) => world.turn(store),
  restsAt: ['rest'],
  unreached: ['fetch', 'arrived', 'fail', 'tidy', 'discard', 'forget'],
  async created(store) {
    const row = await store.read(({ db }) => db.selectFrom('snapshots').selectAll().executeTakeFirstOrThrow())
    expect([row.state, row.progress]).toEqual(['completed', 100])
  },
  async gone(store, world) {
    expect(await store.read(({ db }) => db.selectFrom('snapshots').selectAll().execute())).toEqual([])
    expect(world.volumes.snapshots).toEqual([])
  },
})

/** A snapshot of another region; `found` says whether it is still there. */
function fromAfar(found: boolean) {
  const arrivals = ({ disks }: Host): Arrivals => ({
    async fetch(_, id) {
      if (found) disks.add(id)
      return found
    },
    clear: async (id) => void disks.delete(id),
  })
  faultsOf(`a snapshot of another region that is ${found ? 'there' : 'there no more'}`, {
    world: (clock) => new Host(clock),
    machines(world) {
      const [volume, attachment, snapshot] = machines(arrivals(world))
      return [snapshot, volume, attachment]
    },
    async begin(store, world): Promise<SnapshotId> {
      const account = await prepare(store, world)
      const of = { kind: 'region', region: 'us-east-1', snapshot: 'snap-00000001' } as const
      const context = { now: world.clock.now(), random: seededRandom('copy') }
      const asked = { account, host, of, sizeGiB: 1, description: '' }
      return store.transact((tx) => createSnapshot({ tx, ...context }, asked))
    },
    react: (store, world) => world.turn(store),
    restsAt: ['rest'],
    unreached: [found ? 'fail' : 'arrived'],
    async created(store, world) {
      const row = await store.read(({ db }) => db.selectFrom('snapshots').selectAll().executeTakeFirstOrThrow())
      expect([row.state, [...world.disks]]).toEqual([found ? 'completed' : 'error', []])
    },
    async gone(store, world) {
      expect(await store.read(({ db }) => db.selectFrom('snapshots').selectAll().execute())).toEqual([])
      expect([[...world.disks], world.volumes.snapshots]).toEqual([[], []])
    },
  })
}

fromAfar(true)
fromAfar(false)

/** A volume that is tied to an instance, which runs. */
async function attached(store: Store, world: Host): Promise<AttachmentRow> {
  const account = await prepare(store, world)
  const id = await makeVolume(store, world, account)
  return store.transact(async (tx) => {
    await tx.db.updateTable('volumes').set({ state: 'available' }).execute()
    const volume = await tx.db.selectFrom('volumes').selectAll().executeTakeFirstOrThrow()
    await tx.db.insertInto('images').values(image).execute()
    await tx.db.insertInto('reservations').values({ id: 'r-1', accountId: account, createdAt: 0 }).execute()
    await tx.db
      .insertInto('instances')
      .values({ ...instance, accountId: account })
      .execute()
    const row = await tx.db.selectFrom('instances').selectAll().executeTakeFirstOrThrow()
    expect(volume.id).toBe(id)
    const options = { device: '/dev/xvdf', deleteOnTermination: false, now: world.clock.now() }
    return attach(tx, volume, row, options)
  })
}

faultsOf('a change of a volume that a guest has', {
  world: (clock) => new Host(clock),
  machines: () => machines(),
  async begin(store, world) {
    const { volumeId } = await attached(store, world)
    await store.transact((tx) => tx.db.updateTable('attachments').set({ stage: 'plug' }).execute())
    await world.turn(store)
    expect(world.plugged.map((it) => it.sizeMiB)).toEqual([1024])
    await store.transact(async (tx) => {
      const volume = await tx.db.selectFrom('volumes').selectAll().executeTakeFirstOrThrow()
      const target = { ...shapeOf(volume), sizeGib: 3, type: 'gp2' } as const
      await modify({ tx, now: world.clock.now(), cooldownMs: 0 }, volume, target)
    })
    return volumeId
  },
  async react(store, world) {
    await world.turn(store)
    await store.transact(async (tx) => {
      const rows = await tx.db.selectFrom('attachments').select(['id', 'state']).execute()
      const volume = await tx.db.selectFrom('volumes').select('id').executeTakeFirst()
      if (world.ending && volume && rows.length === 0) await destroy(tx, volume.id)
    })
  },
  restsAt: ['rest'],
  async created(store, world) {
    const row = await store.read(({ db }) => db.selectFrom('volumeModifications').selectAll().executeTakeFirstOrThrow())
    expect([row.state, row.progress]).toEqual(['completed', 100])
    expect(world.volumes.volumes.map((it) => [it.sizeMiB, it.limits?.operations])).toEqual([[3072, 3000]])
    expect(world.plugged.map((it) => it.sizeMiB)).toEqual([3072])
  },
  async destroy(store, world) {
    world.ending = true
    await store.transact(async (tx) => {
      for (const { id } of await tx.db.selectFrom('attachments').select('id').execute()) await destroy(tx, id)
    })
  },
  async gone(store, world) {
    expect(await store.read(({ db }) => db.selectFrom('volumes').selectAll().execute())).toEqual([])
    expect(await store.read(({ db }) => db.selectFrom('volumeModifications').selectAll().execute())).toEqual([])
    expect([world.volumes.volumes, world.plugged]).toEqual([[], []])
  },
})

faultsOf('an image of a running instance', {
  world: (clock) => new Host(clock),
  machines: () => {
    const [volume, attachment, snapshot] = machines()
    return [bind(ebsImageMachine, {}), volume, attachment, snapshot]
  },
  async begin(store, world) {
    const { volumeId, device } = await attached(store, world)
    await store.transact((tx) => tx.db.updateTable('attachments').set({ stage: 'plug', state: 'attached' }).execute())
    await world.turn(store)
    return store.transact(async (tx) => {
      const row = await tx.db.selectFrom('instances').selectAll().executeTakeFirstOrThrow()
      const root = { device, volume: volumeId, snapshot: null, sizeGiB: 1, type: 'gp3', iops: null, throughput: null }
      const context = { tx, now: world.clock.now(), random: seededRandom('image') }
      const { id } = await imageOfInstance(
        context,
        {
          ...{ account: row.accountId, name: 'copy', description: '', architecture: 'x86_64', rootDeviceName: device },
          boot: { kernelFile: 'vmlinuz', ramdiskFile: null, commandLine: '', firmware: null, bootImageId: image.id },
          choice: { kernelId: null, ramdiskId: null },
          volumes: [{ ...root, type: 'gp3', deleteOnTermination: true }],
          disks: [],
        },
        { instance: row, quiet: true },
      )
      return id
    })
  },
  async react(store, world) {
    const before = new Set(world.volumes.volumes.flatMap((it) => it.frozen))
    const held = world.held
    await world.turn(store)
    const fresh = world.volumes.volumes.flatMap((it) => it.frozen).filter((it) => !before.has(it))
    if (fresh.length > 0) expect(held, 'frozen while its guest was off').toBe(1)
  },
  restsAt: ['rest'],
  unreached: ['abandon'],
  async created(store, world, id) {
    const images = await store.read(({ db }) => db.selectFrom('images').selectAll().execute())
    const row = images.find((it) => it.id === id)
    expect([row?.state, row?.sourceInstanceId]).toEqual(['available', instance.id])
    expect(world.volumes.snapshots.map((it) => it.id)).toEqual([row?.rootSnapshotId])
    await world.turn(store)
    expect([world.reboots, world.held]).toEqual([1, undefined])
  },
  async gone(store, world, id) {
    const images = await store.read(({ db }) => db.selectFrom('images').select('id').execute())
    expect(images.map((it) => it.id)).not.toContain(id)
    const row = await store.read(({ db }) => db.selectFrom('instances').selectAll().executeTakeFirstOrThrow())
    await world.turn(store)
    expect([row.holdReboot, world.held, world.reboots]).toEqual([null, undefined, 1])
  },
})

faultsOf('the attachment of a volume', {
  world: (clock) => new Host(clock),
  machines: () => {
    const [volume, attachment, snapshot] = machines()
    return [attachment, volume, snapshot]
  },
  begin: async (store, world) => (await attached(store, world)).id,
  react: (store, world) => world.turn(store),
  restsAt: ['rest'],
  async created(store, world) {
    const row = await store.read(({ db }) => db.selectFrom('attachments').selectAll().executeTakeFirstOrThrow())
    expect(row.state).toBe('attached')
    expect(world.plugged.map((it) => it.volume)).toEqual([row.volumeId])
  },
  async gone(store, world) {
    expect(await store.read(({ db }) => db.selectFrom('attachments').selectAll().execute())).toEqual([])
    expect(world.plugged).toEqual([])
    expect(world.volumes.volumes.map((it) => it.domains)).toEqual([[]])
  },
})

const image = {
  id: 'ami-11111111',
  accountId: '137112412989',
  ownerAlias: 'amazon',
  name: 'tiny',
  description: '',
  state: 'available',
  isPublic: 1,
  architecture: 'x86_64',
  kernelFile: 'vmlinuz',
  ramdiskFile: null,
  rootFile: 'root.img',
  commandLine: '',
  rootSizeMib: 10,

  digest: '',
  createdAt: 0,
} as const

const instance = {
  id: 'i-0123456789abcdef0',
  reservationId: 'r-1',
  launchIndex: 0,
  imageId: image.id,
  type: 'm1.small',
  keyName: null,
  publicKey: null,
  zone,
  state: 'running',
  stateReason: null,
  transitionReason: '',
  launchedAt: 0,
  runningAt: 1,
  terminatedAt: null,
  userData: null,
  clientToken: null,
  shutdownBehavior: 'terminate',
  apiTerminationDisabled: 0,
  apiStopDisabled: 0,
  monitoring: 0,
  ebsOptimized: 0,
  metadataJson: '{}',
  tenancy: 'default',
  hostId: host,
  domainId: domain,
  uuid: 'ec2',
  memoryMib: 64,
  power: 'on',
  reboots: 0,
  wishedIn: 0,
} as const
