import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import type { FakeClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { ensureFirstAccount } from '../../src/control/accounts/accounts.ts'
import { volumeAttachmentMachine } from '../../src/control/attachments/machine.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { greetHosts, takeNews } from '../../src/control/hosts/intake.ts'
import { launch } from '../../src/control/instances/launch.ts'
import type { LaunchVolume } from '../../src/control/instances/launch-volumes.ts'
import { instanceMachine } from '../../src/control/instances/machine.ts'
import { stop } from '../../src/control/instances/stop.ts'
import { volumeMachine } from '../../src/control/volumes/machine.ts'
import { ensureDefaultVpc } from '../../src/control/vpcs/default-vpc.ts'
import { listSubnets } from '../../src/control/vpcs/find.ts'
import type { DomainFact } from '../../src/host-api/facts.ts'
import type { VolumesFact } from '../../src/host-api/volumes.ts'
import type { DomainId, InstanceId } from '../../src/model/ids.ts'
import type { Store } from '../../src/store/store.ts'
import { signal } from '../../src/strand/calls.ts'
import { bind } from '../../src/strand/machine.ts'
import { capacity, smallCloud as cloud, tinyImage as image, launchRequest } from '../small-cloud.ts'
import { faultsOf } from './machines.ts'

const host = 'a1'

/** A host that does at once what it is told. Its domains outlive the control plane. */
class Host {
  readonly clock: FakeClock
  readonly domains = new Map<DomainId, DomainFact>()
  volumes: VolumesFact = { volumes: [], snapshots: [] }
  /** How long guests were given to go off. */
  readonly graces = new Set<number>()

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  /** Takes the newest spec and reports. */
  async turn(store: Store): Promise<void> {
    const [spec] = await store.read((reader) => specsFrom(cloud)(reader, [host]))
    const wanted = new Map(spec!.domains.map((it) => [it.id, it]))
    for (const id of this.domains.keys()) if (!wanted.has(id)) this.domains.delete(id)
    for (const { id, power, graceMs, plugs = [] } of wanted.values()) {
      if (power === 'off') this.graces.add(graceMs)
      const now = this.domains.get(id)
      if (power === 'on' && !now) {
        for (const it of plugs) expect(this.volumes.volumes.find(({ id }) => id === it.volume)?.domains).toContain(id)
        const plugged = plugs.map(({ volume, sizeMiB }) => ({ volume, sizeMiB }))
        this.domains.set(id, { id, state: 'running', startedAt: '2026-01-01T00:00:00.000Z', reboots: 0, plugged })
      }
      if (power === 'off' && now?.state === 'running') this.domains.set(id, { ...now, state: 'off', cause: 'button' })
    }
    const { generation } = spec!
    this.volumes = {
      volumes: (spec!.volumes?.volumes ?? []).map((it) => ({ ...it, state: 'ready', frozen: [] })),
      snapshots: [],
    }
    const { volumes } = this
    const domains = [...this.domains.values()]
    const facts = { host, received: generation, settled: generation, domains, volumes, troubles: [] }
    await takeNews(store, { changed: async (tx, id) => void (await signal(tx, id, 'facts')) }, [{ said: facts }])
  }

  /** A console is readable while its domain is there. */
  async readConsole(_host: string, domain: DomainId): Promise<Buffer> {
    if (!this.domains.has(domain)) throw new Error('no such domain')
    return Buffer.from('Linux version 6.1')
  }
}

async function begin(store: Store, world: Host, volumes: readonly LaunchVolume[] = []): Promise<InstanceId> {
  const random = seededRandom('instances')
  const now = world.clock.now()
  const account = await store.transact(async (tx) => {
    const { account } = await ensureFirstAccount(tx, now, random)
    await ensureDefaultVpc(tx, account, { cloud, now, random })
    await ensureHosts(tx, [{ id: host, zone: 'us-west-2a', isEdge: false, underlayAddress: '100.64.1.1' }])
    const rootSnapshotId = volumes[0]?.snapshot ?? null
    await tx.db
      .insertInto('images')
      .values({ ...image, rootSnapshotId })
      .execute()
    return account
  })
  await greetHosts(store, [{ host, capacity }])
  await store.transact(async (tx) => {
    const subnets = await listSubnets(tx, account)
    const groups = await tx.db.selectFrom('securityGroups').select('id').execute()
    await launch(
      { tx, cloud, now, random },
      { ...request, volumes, account, subnets, groups: groups.map((it) => it.id) },
    )
  })
  const { id } = await store.read(({ db }) => db.selectFrom('instances').select('id').executeTakeFirstOrThrow())
  return id
}

const request = { ...launchRequest, min: 1, max: 1 } as const

faultsOf('an instance', {
  world: (clock) => new Host(clock),
  machines: (world: Host) => [bind(instanceMachine, { readConsole: world.readConsole.bind(world) })],
  begin: (store, world) => begin(store, world),
  unreached: ['halt', 'halting', 'put-away', 'unplace', 'stopped'],
  react: (store, world) => world.turn(store),
  restsAt: ['run', 'linger'],
  async created(store, world) {
    const row = await store.read(({ db }) => db.selectFrom('instances').selectAll().executeTakeFirstOrThrow())
    expect(row.state).toBe('running')
    expect([...world.domains.values()].map((it) => it.state)).toEqual(['running'])
  },
  async gone(store, world) {
    const left = await store.read(async ({ db }) => ({
      held: await db.selectFrom('instances').select('id').where('state', '!=', 'terminated').execute(),
      claims: await db.selectFrom('instances').select('id').where('hostId', 'is not', null).execute(),
      interfaces: await db.selectFrom('interfaces').select('id').execute(),
      facts: await db.selectFrom('domainFacts').select('id').execute(),
    }))
    expect(left).toEqual({ held: [], claims: [], interfaces: [], facts: [] })
    expect([...world.domains.keys()]).toEqual([])
  },
})

const root: LaunchVolume = {
  device: '/dev/sda1',
  snapshot: 'snap-11111111',
  sizeGiB: 1,
  type: 'gp2',
  iops: null,
  throughput: null,
  deleteOnTermination: true,
}

for (const cut of [false, true])
  faultsOf(`an instance on a volume that ${cut ? 'is cut off' : 'stops'}`, {
    world: (clock) => new Host(clock),
    machines: (world: Host) => [
      bind(instanceMachine, { readConsole: world.readConsole.bind(world) }),
      bind(volumeMachine, {}),
      bind(volumeAttachmentMachine, {}),
    ],
    begin: (store, world) => begin(store, world, [root]),
    async react(store, world) {
      // What takes several words between the two takes no time all the same.
      for (let words = 0; words < 4; words++) {
        await world.turn(store)
        for (let turns = 0; turns < 50; turns++) await setImmediate()
      }
      const row = await store.read(({ db }) => db.selectFrom('instances').selectAll().executeTakeFirst())
      const context = { cloud, now: world.clock.now(), random: seededRandom('stop') }
      const isAsked = row?.state === 'running' || (cut && row?.state === 'stopping')
      if (isAsked) await store.transact((tx) => stop({ tx, ...context }, row, cut))
    },
    restsAt: ['stopped', 'linger'],
    async created(store, world) {
      const row = await store.read(({ db }) => db.selectFrom('instances').selectAll().executeTakeFirstOrThrow())
      expect([row.state, row.hostId]).toEqual(['stopped', null])
      expect(world.graces.has(0)).toBe(cut)
      const left = await store.read(async ({ db }) => ({
        attachments: await db.selectFrom('attachments').select('state').execute(),
        interfaces: (await db.selectFrom('interfaces').select('id').execute()).length,
        addresses: await db.selectFrom('addresses').select('id').execute(),
      }))
      expect(left).toEqual({ attachments: [{ state: 'attached' }], interfaces: 1, addresses: [] })
      expect([...world.domains.keys()]).toEqual([])
    },
    async gone(store, world) {
      await world.turn(store)
      const left = await store.read(async ({ db }) => ({
        held: await db.selectFrom('instances').select('id').where('state', '!=', 'terminated').execute(),
        interfaces: await db.selectFrom('interfaces').select('id').execute(),
        attachments: await db.selectFrom('attachments').select('id').execute(),
      }))
      expect(left).toEqual({ held: [], interfaces: [], attachments: [] })
      expect([...world.domains.keys()]).toEqual([])
    },
    unreached: ['keep-console'],
  })
