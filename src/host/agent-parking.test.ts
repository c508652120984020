import { createServer } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog, silentLog } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import { Slots } from '../base/slots.ts'
import { eventually } from '../base/testing.ts'
import type { Stage } from '../base/traces.ts'
import type {
  Continued,
  Copied,
  HypervisorDriver,
  ParkedMachine,
  Parking,
  Standby,
} from '../drivers/hypervisor/driver.ts'
import { openFakeHypervisor } from '../drivers/hypervisor/fake/fake.ts'
import { FakeNetwork } from '../drivers/network/fake/fake.ts'
import type { StorageDriver } from '../drivers/storage/driver.ts'
import { FakeStorage } from '../drivers/storage/fake/fake.ts'
import type { DomainSpec } from '../host-api/spec.ts'
import type { DomainId } from '../model/ids.ts'
import type { HostAgent, HostParts } from './agent.ts'
import { MetadataService } from './metadata/service.ts'
import { tokensOf } from './metadata/tokens.ts'
import { FakeHost, hostSpecOf } from './testing.ts'

const machine: ParkedMachine = {
  ...{ key: 'one', memory: 9, state: '/parked/state', console: '/parked/console' },
  root: { key: 'one', file: '/parked/root', layer: '/parked/layer' },
  marks: { memory: [], state: [] },
}

/** What is parked, and what the agent asked of it. */
class FakeParking implements Parking {
  parked: ParkedMachine | undefined
  readonly prepared: string[] = []
  find = async () => this.parked
  prepare({ id }: DomainSpec) {
    this.prepared.push(id)
  }
  /** What stands by: for one domain. */
  standby: Standby | undefined
  readonly dropped: Standby[] = []
  readonly forgotten: string[] = []
  async take() {
    const taken = this.standby
    this.standby = undefined
    return taken
  }
  async drop(it: Standby) {
    this.dropped.push(it)
  }
  forget(id: string) {
    this.forgotten.push(id)
  }
  async warm(): Promise<'made' | 'there'> {
    if (this.parked) return 'there'
    this.parked = machine
    return 'made'
  }
  async discard() {
    this.parked = undefined
  }
  async [Symbol.asyncDispose]() {}
}

/** Disks that begin as a parked machine has left them, until somebody writes to them. */
class ParkedStorage extends FakeStorage {
  isWritten = false
  readonly adopted: string[] = []
  override async adopt(domain: DomainId, folder: string) {
    await super.adopt(domain, folder)
    this.adopted.push(folder)
  }
  override async provide(...[domain, disks, abort, parked]: Parameters<StorageDriver['provide']>) {
    const nodes = await super.provide(domain, disks, abort)
    return nodes.map((it) => (parked && !this.isWritten ? { ...it, untouched: parked.key } : it))
  }
}

/** Guests ask for their metadata as soon as they run. */
class HeardAtOnce extends MetadataService {
  override async heardFrom() {}
}

const standby: Standby = { folder: '/standby/1', disks: '/standby/disks/1' }

let host: FakeHost
let parking: FakeParking
let storage: ParkedStorage
let from: (Copied | Continued | undefined)[]
let wakes: boolean
let stages: Stage[]

beforeEach(() => {
  host = new FakeHost('a1')
  parking = new FakeParking()
  storage = new ParkedStorage(host.disks)
  from = []
  wakes = true
  stages = []
})
afterEach(() => host.stop())

async function booted(replaced: Partial<HostParts> = {}): Promise<HostAgent> {
  const fake = openFakeHypervisor({ clock: host.clock, world: host.guests })
  const hypervisor = new Proxy<HypervisorDriver>(fake, {
    get(target, name) {
      if (name === 'boot')
        return async (...args: Parameters<HypervisorDriver['boot']>) => {
          from.push(args[3])
          if (args[3] && !wakes) throw new Error('it does not wake')
          return await target.boot(...args)
        }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const log = openLog({ file: '/dev/null', spans: (it) => void stages.push(it) })
  const agent = await host.start({ hypervisor, storage, parking, log, ...replaced })
  await agent.accept(hostSpecOf(1))
  await eventually(() => expect(agent.facts().domains).toMatchObject([{ state: 'running' }]))
  return agent
}

test('a domain boots where nothing is parked, and one like it is prepared', async () => {
  await booted()
  expect(from).toEqual([undefined])
  expect(parking.prepared).toEqual([]) // Not while somebody waits for the guest.
  await host.clock.advance(10_000)
  await eventually(() => expect(parking.prepared).toEqual(['dom_1']))
})

test('a domain is woken where a machine like it is parked, and told who it is', async () => {
  parking.parked = machine
  await booted()
  expect(from).toMatchObject([{ machine, identity: expect.stringContaining("ip='10.0.0.4'") }])
  expect(parking.prepared).toEqual([])
})

test('a domain is woken from what was parked before it was there', async () => {
  const agent = await host.start({ parking })
  const [like] = hostSpecOf(1).domains
  expect([await agent.warm(like!), await agent.warm(like!)]).toEqual(['made', 'there'])
  await booted()
  expect(from).toMatchObject([{ machine }])
})

test('where nothing is parked nobody says that something is', async () => {
  const agent = await host.start()
  await expect(agent.warm(hostSpecOf(1).domains[0]!)).rejects.toThrow('every guest boots')
})

test('a disk that somebody has written to is never woken over: its memory knows another', async () => {
  parking.parked = machine
  storage.isWritten = true
  await booted()
  expect(from).toEqual([undefined])
})

test('a domain that does not wake boots, and what it was to be woken from is thrown away', async () => {
  parking.parked = machine
  wakes = false
  const agent = await booted()
  expect(from).toMatchObject([{ machine }, undefined])
  expect(parking.parked).toBeUndefined()
  expect(agent.facts().troubles).toEqual([])
  const failed = { stage: 'wake', err: expect.any(Error), traces: ['i-11111111'] }
  expect(stages.filter((it) => ['wake', 'boot'].includes(it.stage))).toMatchObject([failed, { stage: 'boot' }])
})

test('a domain goes on as the machine that stands by, with its disks, and another is prepared', async () => {
  parking.parked = machine
  parking.standby = standby
  const agent = await booted()
  expect(from).toEqual([{ standby, identity: expect.stringContaining("ip='10.0.0.4'") }])
  expect(storage.adopted).toEqual([standby.disks])
  await host.clock.advance(10_000)
  await eventually(() => expect(parking.prepared).toEqual(['dom_1']))
  expect(parking.dropped).toEqual([])
  await agent.accept({ ...hostSpecOf(2), domains: [], routers: [] })
  await eventually(() => expect(agent.facts().settled).toBe(2))
  expect(parking.forgotten).toEqual(['dom_1'])
  expect(parking.dropped).toEqual([])
})

test('a domain boots where it cannot go on as the machine that stood by, which ends', async () => {
  parking.standby = standby
  wakes = false
  const agent = await booted()
  expect(from).toMatchObject([{ standby }, undefined])
  expect(parking.dropped).toEqual([standby])
  expect(agent.facts().troubles).toEqual([])
})

test('a domain has disks of its own where those of the machine that stood by cannot become its', async () => {
  parking.standby = standby
  storage.adopt = async () => {
    throw new Error('another file system')
  }
  await booted()
  expect(from).toEqual([undefined])
  expect(parking.dropped).toEqual([standby])
})

test('what a domain was to go on as ends with the domain, where that never started', async () => {
  parking.standby = standby
  const comingUp = new Slots(1)
  const leave = await comingUp.take(new AbortController().signal)
  const agent = await host.start({ storage, parking, comingUp })
  await agent.accept(hostSpecOf(1))
  await eventually(() => expect(agent.facts().domains).toMatchObject([{ state: 'waiting' }]))
  await agent.accept({ ...hostSpecOf(2), domains: [], routers: [] })
  leave()
  await eventually(() => expect(agent.facts().settled).toBe(2))
  expect(parking.dropped).toEqual([standby])
  expect(parking.forgotten).toEqual(['dom_1'])
})

test('nothing that stands by is taken where the router has made a tap for the domain', async () => {
  parking.standby = standby
  const agent = await host.start({ storage, parking })
  await agent.accept(hostSpecOf(1, { power: 'off' }))
  await eventually(() => expect(agent.facts().settled).toBe(1))
  await agent.accept(hostSpecOf(2))
  await eventually(() => expect(agent.facts().domains).toMatchObject([{ state: 'running' }]))
  expect(parking.standby).toBe(standby)
})

test('nothing that stands by is taken for a domain whose disks are being made', async () => {
  parking.standby = standby
  const network = new FakeNetwork(host.routers)
  const busy = Promise.withResolvers<void>()
  const program = network.program.bind(network)
  network.program = async (...of) => {
    await busy.promise
    await program(...of)
  }
  const agent = await host.start({ storage, parking, network })
  const { domains, routers, ...rest } = hostSpecOf(1)
  await agent.accept({ ...rest, domains: [], routers: routers.map((it) => ({ ...it, vifs: [] })) })
  await agent.accept({ ...rest, generation: 2, domains, routers })
  await eventually(async () => expect(await storage.list()).toEqual(['dom_1']))
  busy.resolve()
  await eventually(() => expect(agent.facts().domains).toMatchObject([{ state: 'running' }]))
  expect(parking.standby).toBe(standby)
})

test('nothing that stands by is taken for a domain that has run', async () => {
  parking.standby = standby
  const agent = await host.start({ storage, parking })
  await agent.accept(hostSpecOf(1, { begun: true }))
  await eventually(() => expect(agent.facts().settled).toBe(1))
  expect(parking.standby).toBe(standby)
})

test('a guest that asks for its metadata has come up, which is a stage of its launch', async () => {
  const listen = async () => createServer().listen(0, '127.0.0.1')
  const tokens = tokensOf(Buffer.alloc(32, 1), seededRandom('tokens'))
  using metadata = new HeardAtOnce({ listen, tokens, clock: host.clock, log: silentLog })
  await booted({ metadata })
  const told = expect.objectContaining({ stage: 'metadata', traces: ['i-11111111'], subject: 'dom_1' })
  await eventually(() => expect(stages).toContainEqual(told))
})

test('guests come up one after another: the next when the one before asks for its metadata, or had the time to', async () => {
  const agent = await host.start({ comingUp: new Slots(1) })
  const { domains, routers, ...rest } = hostSpecOf(1)
  const numbers = [1, 2, 3]
  const more = numbers.map((it) => ({
    ...{ ...domains[0]!, id: `dom_${it}` as const },
    vifs: [{ ...domains[0]!.vifs[0]!, id: `eni-${it}` as const }],
  }))
  const wired = routers.map((it) => ({
    ...it,
    vifs: numbers.map((number) => ({ ...it.vifs[0]!, id: `eni-${number}` as const, address: `10.0.0.${number}` })),
  }))
  await agent.accept({ ...rest, domains: more, routers: wired })
  const running = () => agent.facts().domains.filter((it) => it.state === 'running').length
  await eventually(() => expect(running()).toBe(1))
  await host.clock.advance(9_000)
  expect(
    agent
      .facts()
      .domains.map((it) => it.state)
      .sort(),
  ).toEqual(['running', 'waiting', 'waiting'])
  await host.clock.advance(1_000)
  await eventually(() => expect(running()).toBe(2))
  await agent.accept({ ...rest, generation: 2, domains: more.slice(0, 2), routers: wired })
  await host.clock.advance(10_000)
  await eventually(() => expect(agent.facts().settled).toBe(2))
  expect(running()).toBe(2)
})

test('a domain boots where what is parked cannot be read', async () => {
  parking.find = async () => {
    throw new Error('the disk is gone')
  }
  await booted()
  expect(from).toEqual([undefined])
})
