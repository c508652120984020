import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FakeClock } from '../../src/base/clock.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { ensureFirstAccount } from '../../src/control/accounts/accounts.ts'
import { attach, detach } from '../../src/control/attachments/attach.ts'
import { volumeAttachmentMachine } from '../../src/control/attachments/machine.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { greetHosts } from '../../src/control/hosts/intake.ts'
import { createVolume } from '../../src/control/volumes/create.ts'
import { volumeMachine } from '../../src/control/volumes/machine.ts'
import { ApiError } from '../../src/model/errors.ts'
import type { DomainId, HostId, InstanceId, VolumeId } from '../../src/model/ids.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { bind } from '../../src/strand/machine.ts'
import { MortalProcess } from '../faults/machines-process.ts'
import { capacity, tinyImage as image } from '../small-cloud.ts'
import { SimulatedHosts, volumeHost } from './attached-hosts.ts'

/** How many schedules; one alone by its number. */
const schedules = Number(process.env.CUMULET_SCHEDULES ?? 200)
const only = process.env.CUMULET_SCHEDULE
const actions = 40
const hostIds: readonly HostId[] = [volumeHost, 'a2']
const zone = 'us-west-2a'

/** A cloud with one volume for one instance at a time and one for many, and three instances on two hosts. */
class World {
  readonly clock = new FakeClock()
  readonly hosts: SimulatedHosts
  readonly store: Store
  readonly volumes: readonly [one: VolumeId, many: VolumeId]
  readonly instances: readonly InstanceId[]
  /** The seed's: also decides when the control plane dies. */
  random: Random = seededRandom('none')
  deaths = 0
  /** How often a call to attach was answered as done, and refused. */
  attached = 0
  refused = 0
  #process: MortalProcess | undefined

  static async open(): Promise<World> {
    const [store, clock, random] = [await openStore(':memory:'), new FakeClock(), seededRandom('world')]
    const account = await store.transact(async (tx) => {
      const { account } = await ensureFirstAccount(tx, clock.now(), random)
      const places = hostIds.map((id, index) => ({ id, zone, isEdge: false, underlayAddress: `100.64.1.${index + 1}` }))
      await ensureHosts(tx, places)
      await tx.db.insertInto('images').values(image).execute()
      await tx.db.insertInto('reservations').values({ id: 'r-1', accountId: account, createdAt: 0 }).execute()
      return account
    })
    await greetHosts(
      store,
      hostIds.map((host) => ({ host, capacity })),
    )
    const instances = [0, 1, 2].map((index): InstanceId => `i-0123456789abcdef${index}`)
    const volumes = await store.transact(async (tx) => {
      for (const [index, id] of instances.entries()) {
        const placed = { hostId: hostIds[index % 2]!, domainId: `dom_${index + 1}` as DomainId } // there are two
        const row = { ...instance, ...placed, id, launchIndex: index, accountId: account, uuid: `ec2${index}` }
        await tx.db.insertInto('instances').values(row).execute()
      }
      const asked = { account, zone, sizeGiB: 4, iops: 400, throughput: null, snapshot: null, type: 'io2' } as const
      const make = (multiAttach: boolean) => createVolume({ tx, now: clock.now(), random }, { ...asked, multiAttach })
      return [await make(false), await make(true)] as const
    })
    return new World(store, volumes, instances)
  }

  private constructor(store: Store, volumes: World['volumes'], instances: readonly InstanceId[]) {
    this.store = store
    this.volumes = volumes
    this.instances = instances
    this.hosts = new SimulatedHosts(store)
    for (const [index] of instances.entries()) {
      const [id, host] = [`dom_${index + 1}` as DomainId, hostIds[index % 2]!] // there are two
      this.hosts.guests.set(id, { id, host, state: 'running', deaf: false, plugged: new Set() })
    }
  }

  /** What can happen, each about as often as the others; what moves things on more often. */
  async happen(): Promise<void> {
    const host = this.#pick(hostIds)
    const guest = this.#pick([...this.hosts.guests.values()])
    const what: (() => Promise<void> | void)[] = [
      () => this.#attach(),
      () => this.#attach(),
      () => this.#detach(false),
      () => this.#detach(true),
      () => {
        guest.deaf = !guest.deaf
      },
      () => this.hosts.crash(this.#pick(this.volumes)),
      () => {
        guest.state = guest.state === 'running' ? 'off' : 'running'
        guest.plugged.clear()
      },
      () => this.#process?.kill(),
      () => this.hosts.hear(host),
      () => this.hosts.hear(host),
      () => void this.hosts.act(host, this.random),
      () => void this.hosts.act(host, this.random),
      () => void this.hosts.act(host, this.random),
      () => this.hosts.look(host),
      () => this.hosts.look(host),
      () => this.hosts.tell(host),
      () => this.hosts.tell(host),
      () => this.think(),
      () => this.think(),
      () => this.think(),
    ]
    await this.#pick(what)()
    await this.check()
  }

  /** The control plane does what it can; it may die on the way. */
  async think(): Promise<void> {
    if (!this.#process || this.#process.dead) {
      const seed = `process ${this.deaths++}`
      const mayDie = () => {
        if (this.random.bytes(1)[0]! < 8) this.#process?.kill()
      }
      const machines = [bind(volumeMachine, {}), bind(volumeAttachmentMachine, {})]
      const hooks = { beforeCommit: mayDie, afterCommit: mayDie }
      const begun = new MortalProcess(this.store, this.clock, seed, machines, hooks)
      this.#process = begun
      await begun.engine.start().catch((error: unknown) => {
        if (!begun.dead) throw error // It may die as it starts, too.
      })
    }
    let idle = false
    void this.#process.engine.idle().then(() => {
      idle = true
    })
    for (let turns = 0; turns < 300 && !idle && !this.#process.dead; turns++) await turn()
    if (this.#process.dead) await this.#process.engine.stop()
  }

  async stop(): Promise<void> {
    await this.#process?.engine.stop()
    await this.store.close()
  }

  /** What must hold at any moment. */
  async check(): Promise<void> {
    const [one, many] = this.volumes
    expect(this.hosts.writers(one).length).toBeLessThanOrEqual(1)
    expect(this.hosts.served.get(one)?.domains.length ?? 0).toBeLessThanOrEqual(1)
    const rows = await this.rows()
    expect(rows.filter((it) => it.volumeId === one).length).toBeLessThanOrEqual(1)
    expect(new Set(rows.map((it) => it.id)).size).toBe(rows.length)
    // Nobody writes to what he is not attached to by any word.
    for (const volume of [one, many])
      for (const domain of this.hosts.writers(volume))
        expect(rows.map((it) => [it.volumeId, `dom_${this.instances.indexOf(it.instanceId) + 1}`])).toContainEqual([
          volume,
          domain,
        ])
  }

  rows() {
    return this.store.read(({ db }) => db.selectFrom('attachments').selectAll().execute())
  }

  /** All that is under way comes to its end, with guests that answer; then all that is attached can be written to, and nothing else. */
  async settle(): Promise<void> {
    for (const it of this.hosts.guests.values()) {
      it.deaf = false
      it.state = 'running'
    }
    for (let round = 0; round < 60; round++) {
      await this.think()
      let moved = false
      for (const host of hostIds) {
        await this.hosts.hear(host)
        while (this.hosts.act(host, this.random)) moved = true
        this.hosts.look(host)
        for (let news = 0; news < 40; news++) await this.hosts.tell(host)
        await this.check()
      }
      const rows = await this.rows()
      if (!moved && rows.every((it) => it.state === 'attached') && !this.#process?.dead && round > 2) return
    }
    throw new Error(`it comes to no end: ${JSON.stringify(await this.rows())}`)
  }

  async #attach(): Promise<void> {
    const [volume, instance] = [this.#pick(this.volumes), this.#pick(this.instances)]
    const before = (await this.rows()).filter((it) => it.volumeId === volume)
    try {
      await this.store.transact(async (tx) => {
        const row = await tx.db.selectFrom('volumes').selectAll().where('id', '=', volume).executeTakeFirstOrThrow()
        const to = await tx.db.selectFrom('instances').selectAll().where('id', '=', instance).executeTakeFirstOrThrow()
        const device = `/dev/sd${'fg'[this.volumes.indexOf(volume)]}`
        await attach(tx, row, to, { device, deleteOnTermination: false, now: this.clock.now() })
      })
      this.attached++
      expect(before.filter((it) => volume === this.volumes[0] || it.instanceId === instance)).toEqual([])
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.refused++
    }
  }

  async #detach(force: boolean): Promise<void> {
    const rows = await this.rows()
    if (rows.length > 0) await this.store.transact((tx) => detach(tx, this.#pick(rows), force))
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.random.bytes(2).readUInt16BE(0) % of.length]! // nobody picks from nothing
  }
}

let world: World
beforeAll(async () => {
  world = await World.open()
  world.random = seededRandom('prepare')
  await world.settle()
})
afterAll(() => world.stop())

test('two attachments of one volume never both succeed, whatever happens in which order', {
  timeout: 60_000 + schedules * 1_000,
}, async () => {
  for (let schedule = 1; schedule <= schedules; schedule++) {
    world.random = seededRandom(`schedule ${only ?? schedule}`)
    try {
      for (let action = 0; action < actions; action++) await world.happen()
      await world.settle()
      for (const row of await world.rows())
        expect(world.hosts.writers(row.volumeId)).toContain(`dom_${world.instances.indexOf(row.instanceId) + 1}`)
      for (const row of await world.rows()) await world.store.transact((tx) => detach(tx, row, false))
      await world.settle()
      expect(await world.rows()).toEqual([])
      for (const it of world.volumes) expect(world.hosts.writers(it)).toEqual([])
    } catch (error) {
      throw new Error(`in schedule ${only ?? schedule}`, { cause: error })
    }
    if (only) break
  }
  console.log(`${schedules} schedules: attached ${world.attached}, refused ${world.refused}, died ${world.deaths}`)
  expect(Math.min(world.attached, world.refused, world.deaths)).toBeGreaterThan(schedules / 4)
})

const instance = {
  reservationId: 'r-1',
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
  memoryMib: 64,
  power: 'on',
  reboots: 0,
  wishedIn: 0,
} as const
