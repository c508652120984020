import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Fault } from '../base/fault.ts'
import { eventually } from '../base/testing.ts'
import { FakeNetwork } from '../drivers/network/fake/fake.ts'
import { FakeStorage } from '../drivers/storage/fake/fake.ts'
import type { HostFacts, HostProgress } from '../host-api/facts.ts'
import type { HostSpec } from '../host-api/spec.ts'
import type { VpcId } from '../model/ids.ts'
import type { HostAgent } from './agent.ts'
import { openSpecFile } from './spec-file.ts'
import { FakeHost, hostSpecOf, recordFacts } from './testing.ts'

const dom = 'dom_1'
const vpc: VpcId = 'vpc-11111111'

let host: FakeHost

beforeEach(() => {
  host = new FakeHost('a1')
})

afterEach(async () => {
  await host.stop()
})

test('a wanted domain runs, and its host is settled', async () => {
  const agent = await running()
  expect(agent.facts()).toMatchObject({
    settled: 1,
    received: 1,
    troubles: [],
    domains: [{ id: dom, state: 'running' }],
  })
  expect(host.spec?.generation).toBe(1)
})

test('a reboot that was asked for is carried out once', async () => {
  const agent = await running()
  await agent.accept(hostSpecOf(2, { reboots: 1 }))
  await settled(agent, 2)
  expect(agent.facts().domains).toMatchObject([{ state: 'running', reboots: 1 }])
  const next = await host.start()
  await settled(next, 2)
  expect(host.guests.get(dom)?.console.match(/ready/g)).toHaveLength(2)
})

test('vifs come to a guest that runs, and go, and the facts say which it has', async () => {
  const agent = await running()
  const vifs = () => agent.facts().domains[0]?.vifs
  expect(vifs()).toEqual(['eni-11111111'])
  const second = { id: 'eni-22222222', mac: '02:00:00:00:00:02' } as const
  const { domains, routers } = hostSpecOf(2)
  const more = domains.map((it) => ({ ...it, vifs: [...it.vifs, second] }))
  const wired = routers.map((it) => ({ ...it, vifs: [...it.vifs, { ...it.vifs[0]!, ...second, address: '10.0.0.5' }] }))
  await agent.accept({ ...hostSpecOf(2), domains: more, routers: wired })
  await settled(agent, 2)
  expect(vifs()).toEqual(['eni-11111111', 'eni-22222222'])
  await agent.accept({ ...hostSpecOf(3), routers: wired })
  await settled(agent, 3)
  expect(vifs()).toEqual(['eni-11111111'])
})

test('a guest that does not let go of a vif is asked again, and the trouble is told', async () => {
  const agent = await running()
  host.guests.setTemper(dom, 'deaf')
  await agent.accept(hostSpecOf(2, { vifs: [] }))
  await vi.waitFor(() => expect(agent.facts().troubles).toMatchObject([{ subject: dom }]))
  expect(agent.facts().domains[0]?.vifs).toEqual(['eni-11111111'])
  host.guests.setTemper(dom, 'obedient')
  await host.clock.advance(60_000)
  await settled(agent, 2)
  expect(agent.facts().domains[0]).not.toHaveProperty('vifs')
})

test('a guest that powers itself off stays off', async () => {
  const agent = await running()
  host.guests.powerOff(dom)
  await eventually(() => expect(agent.facts().domains).toMatchObject([{ state: 'off', cause: 'guest' }]))
  await agent.accept(hostSpecOf(2))
  await settled(agent, 2)
  expect(host.guests.get(dom)?.status.state).toBe('off')
})

test('a guest whose process died is lost, and not started again', async () => {
  const agent = await running()
  host.guests.crash(dom)
  await eventually(() => expect(agent.facts().domains).toMatchObject([{ state: 'lost' }]))
  await agent.accept(hostSpecOf(2, { begun: true }))
  await settled(agent, 2)
  expect(host.guests.get(dom)?.status.state).toBe('lost')
})

test('a boot that fails is tried again and counted, until it does not', async () => {
  const agent = await host.start()
  host.guests.refuseBoot(dom)
  await agent.accept(hostSpecOf(1))
  for (let attempts = 1; attempts <= 5; attempts++) {
    await eventually(() => expect(agent.facts().troubles).toMatchObject([{ subject: dom, attempts }]))
    await host.clock.advance(250 * 2 ** (attempts - 1))
  }
  expect(agent.facts().domains).toMatchObject([{ state: 'starting' }])
  host.guests.allowBoot(dom)
  await eventually(async () => {
    await host.clock.advance(1_000)
    expect(agent.facts()).toMatchObject({ troubles: [], domains: [{ state: 'running' }] })
  })
})

test('what is not wanted any more leaves nothing behind', async () => {
  const agent = await running()
  await agent.accept(nothing(2))
  await settled(agent, 2)
  await expectNothing(agent)
})

test('a guest that hears the button is off, and one that is deaf is ended after its grace', async () => {
  const agent = await running()
  host.guests.setTemper(dom, 'deaf')
  await agent.accept(hostSpecOf(2, { power: 'off' }))
  await eventually(() => expect(host.guests.get(dom)?.status.buttonPressedAt).toBeDefined())
  await eventually(async () => {
    await host.clock.advance(1_000)
    expect(agent.facts().domains).toMatchObject([{ state: 'off', cause: 'forced' }])
  })
  expect(host.clock.now().getTime()).toBeGreaterThanOrEqual(Date.parse('2026-01-01T00:00:20Z'))
})

test('a guest without grace is ended at once, also one that was asked before', async () => {
  const agent = await running()
  host.guests.setTemper(dom, 'deaf')
  await agent.accept(hostSpecOf(2, { power: 'off' }))
  await eventually(() => expect(host.guests.get(dom)?.status.buttonPressedAt).toBeDefined())
  const pressed = host.clock.now()
  await agent.accept(hostSpecOf(3, { power: 'off', graceMs: 0 }))
  await settled(agent, 3)
  expect(agent.facts().domains).toMatchObject([{ state: 'off', cause: 'forced' }])
  expect(host.clock.now()).toEqual(pressed)
})

test('where what it found is the same, a host says no more than how far it has come', async () => {
  const agent = await host.start()
  const said: (HostFacts | HostProgress)[] = []
  await agent.accept(hostSpecOf(1))
  await settled(agent, 1)
  agent.onFacts((it) => said.push(it))
  expect(said).toMatchObject([{ received: 1, domains: [{ id: dom, state: 'running' }] }])
  await agent.accept(hostSpecOf(2))
  await settled(agent, 2)
  await eventually(() => expect(said.at(-1)).toMatchObject({ received: 2, settled: 2 }))
  expect(said.slice(1).filter((it) => 'domains' in it)).toEqual([])
  agent.onFacts((it) => said.push(it))
  expect(said.at(-1)).toMatchObject({ received: 2, domains: [{ id: dom }] })
})

test('a domain that is given up while it boots is told of until it has gone', async () => {
  host = new FakeHost('a1', undefined, { bootMs: 1_000 })
  const agent = await host.start()
  await agent.accept(hostSpecOf(1))
  await eventually(() => expect(agent.facts().domains).toMatchObject([{ state: 'starting' }]))
  const told = recordFacts(agent)
  await agent.accept(nothing(2))
  expect(agent.facts()).toMatchObject({ received: 2, domains: [{ id: dom }] })
  await host.clock.advance(1_000)
  await settled(agent, 2)
  await expectNothing(agent)
  const first = told.findIndex((it) => it.domains.length === 0)
  expect(told.slice(first).every((it) => it.domains.length === 0)).toBe(true)
})

test('a new agent finds the domains of the old one, and serves metadata again', async () => {
  await running()
  const startedAt = host.guests.get(dom)?.status.startedAt
  await host.clock.advance(5_000)
  const network = new CountingNetwork(host.routers)
  const agent = await host.start({ network })
  expect(agent.facts()).toMatchObject({ received: 1, domains: [{ id: dom, state: 'running', startedAt }] })
  await settled(agent, 1)
  expect(network.listened).toBe(1)
})

test('a new agent goes on where a boot was cut off', async () => {
  host = new FakeHost('a1', undefined, { bootMs: 1_000 })
  const first = await host.start()
  await first.accept(hostSpecOf(1))
  await eventually(() => expect(first.facts().domains).toMatchObject([{ state: 'starting' }]))
  const second = await host.start()
  await eventually(async () => {
    await host.clock.advance(1_000)
    expect(second.facts().domains).toMatchObject([{ state: 'running' }])
  })
})

test('a host that lost all it had does not start a second time what has run', async () => {
  await running()
  host.guests.remove(dom)
  host.disks.domains.clear()
  host.spec = undefined
  const agent = await host.start()
  expect(agent.facts()).toMatchObject({ received: 0, domains: [] })
  await agent.accept(hostSpecOf(2, { begun: true }))
  await settled(agent, 2)
  expect(agent.facts().domains).toEqual([])
  expect(host.guests.all()).toEqual([])
})

test('a metadata service that could not be opened is opened later', async () => {
  const network = new CountingNetwork(host.routers, 1)
  const agent = await host.start({ network })
  await agent.accept(hostSpecOf(1))
  await eventually(async () => {
    await host.clock.advance(250)
    expect(agent.facts().settled).toBe(1)
  })
  expect(network.listened).toBe(1)
})

test('a look at the host that failed is not the last one', async () => {
  const storage = new FakeStorage(host.disks)
  const list = vi.spyOn(storage, 'list')
  const agent = await host.start({ storage })
  await agent.accept(hostSpecOf(1))
  await settled(agent, 1)
  list.mockRejectedValueOnce(new Fault('busy'))
  await host.clock.advance(30_000)
  await storage.release(dom)
  await storage.provide('dom_9', [], AbortSignal.timeout(1_000))
  await eventually(async () => {
    await host.clock.advance(30_000)
    expect(host.disks.domains.has('dom_9')).toBe(false) // Nobody wants it.
  })
})

test('a router that has vanished is made again, and its metadata service with it', async () => {
  const network = new CountingNetwork(host.routers)
  const agent = await host.start({ network })
  await agent.accept(hostSpecOf(1))
  await settled(agent, 1)
  host.routers.routers.delete(vpc)
  await eventually(async () => {
    await host.clock.advance(30_000)
    expect(network.listened).toBe(2)
  })
  expect([...host.routers.routers.keys()]).toEqual([vpc])
})

test('a spec that could not be kept at first is kept and carried out later', async () => {
  const specFile = host.specFile()
  vi.spyOn(specFile, 'write').mockRejectedValueOnce(new Fault('no space left'))
  const agent = await host.start({ specFile })
  const accepted = agent.accept(hostSpecOf(1))
  await eventually(async () => {
    await host.clock.advance(1_000)
    expect(agent.facts().settled).toBe(1)
  })
  await accepted
  expect(host.spec?.generation).toBe(1)
})

test('an older spec that is kept late does not replace a newer one', async () => {
  const specFile = host.specFile()
  vi.spyOn(specFile, 'write').mockRejectedValueOnce(new Fault('no space left'))
  const agent = await host.start({ specFile })
  const late = agent.accept(hostSpecOf(1))
  await agent.accept(hostSpecOf(2))
  await eventually(async () => {
    await host.clock.advance(1_000)
    expect(agent.facts().settled).toBe(2)
  })
  await late
  expect(host.spec?.generation).toBe(2)
  expect(agent.facts().received).toBe(2)
})

test('an agent whose kept spec is torn waits for the next one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agent-'))
  try {
    const file = join(folder, 'spec.json')
    await writeFile(file, '{"host":"a1","gene')
    const agent = await host.start({ specFile: openSpecFile(file) })
    expect(agent.facts().received).toBe(0)
    await agent.accept(hostSpecOf(1))
    await settled(agent, 1)
    expect((await openSpecFile(file).read())?.generation).toBe(1)
  } finally {
    await host.stop()
    await rm(folder, { recursive: true })
  }
})

async function running(): Promise<HostAgent> {
  const agent = await host.start()
  await agent.accept(hostSpecOf(1))
  await settled(agent, 1)
  expect(agent.facts().domains).toMatchObject([{ state: 'running' }])
  return agent
}

function settled(agent: HostAgent, generation: number): Promise<void> {
  return eventually(() => expect(agent.facts().settled).toBe(generation))
}

async function expectNothing(agent: HostAgent): Promise<void> {
  expect(agent.facts().domains).toEqual([])
  expect(host.guests.all()).toEqual([])
  expect([...host.disks.domains]).toEqual([])
  expect([...host.routers.routers]).toEqual([])
}

/** Counts the services that were opened, the first `failures` attempts not among them. */
class CountingNetwork extends FakeNetwork {
  listened = 0
  #failures: number

  constructor(world: FakeHost['routers'], failures = 0) {
    super(world)
    this.#failures = failures
  }

  override async listen(...args: Parameters<FakeNetwork['listen']>) {
    if (this.#failures-- > 0) throw new Fault('the namespace is busy')
    const server = await super.listen(...args)
    this.listened++
    return server
  }
}

function nothing(generation: number): HostSpec {
  return { host: 'a1', generation, domains: [], routers: [] }
}
