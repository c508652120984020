import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { Fault, Retry } from '../../base/fault.ts'
import { type JsonLines, jsonLines } from '../../base/json-lines.ts'
import { silentLog } from '../../base/log.ts'
import { eventually } from '../../base/testing.ts'
import { withChange } from '../../host-api/change.ts'
import type { HostFacts } from '../../host-api/facts.ts'
import { type FromAgent, protocolVersion, type ToAgent } from '../../host-api/messages.ts'
import type { DomainSpec, HostSpec } from '../../host-api/spec.ts'
import type { HostId } from '../../model/ids.ts'
import { openStore } from '../../store/open.ts'
import { insertRow, rowWhere } from '../../store/prepared.ts'
import type { Store } from '../../store/store.ts'
import type { SpecSource } from './host-spec.ts'
import { ensureHosts } from './hosts.ts'
import { HostLinks } from './links.ts'
import { wish, wishLaunch } from './wishes.ts'

const host = 'a1'
const capacity = { memoryMiB: 1024, cores: 1, diskGiB: 10, accelerator: 'none' } as const

let store: Store
let folder: string
let links: HostLinks
/** Makes the next specs fail. */
let broken = false
/** Makes specs so many characters longer, others in each generation. */
let padding = 0
const agents: Agent[] = []

beforeEach(async () => {
  broken = false
  padding = 0
  folder = await mkdtemp(join(tmpdir(), 'links-'))
  store = await openStore(':memory:')
  await store.transact((tx) => ensureHosts(tx, [{ id: host, zone: 'z', isEdge: false, underlayAddress: '100.64.1.1' }]))
  const intake = { changed: async () => {} }
  links = new HostLinks({ store, specs: emptySpecs, intake, clock: systemClock, log: silentLog })
  await links.listen(join(folder, 'agents'))
})

afterEach(async () => {
  for (const it of agents.splice(0)) it.lines.close()
  await links.close()
  await store.close()
  await rm(folder, { recursive: true })
})

test('a host is told of each wish while its agent is connected', async () => {
  const agent = await dial()
  await eventually(() => expect(agent.generations()).toEqual([1]))
  expect(links.connected(host)).toBe(true)
  await store.transact((tx) => wish(tx, [host]))
  await eventually(() => expect(agent.generations()).toEqual([1, 2]))
  agent.lines.close()
  await eventually(async () => expect(await row()).toMatchObject({ connected: 0 }))
  expect(links.connected(host)).toBe(false)
})

test('an agent that reads nothing for a while is told the newest wish then, and not all that were', async () => {
  padding = 2 ** 20
  const agent = await dial()
  await eventually(() => expect(agent.generations()).toEqual([1]))
  agent.socket.pause()
  for (let generation = 2; generation <= 20; generation++) {
    await store.transact((tx) => wish(tx, [host]))
    await turns()
  }
  agent.socket.resume()
  await eventually(() => expect(agent.generations().at(-1)).toBe(20))
  expect(agent.generations().length).toBeLessThan(5)
})

test('an agent that dies while it is greeted leaves no connected host behind', async () => {
  const free = holdStore()
  const agent = await dial()
  agent.lines.close()
  await turns()
  free()
  await turns()
  await eventually(async () => expect(await row()).toMatchObject({ connected: 0, cores: 1 }))
  expect(links.connected(host)).toBe(false)
})

test('the end of an old connection does not end the new one of the same host', async () => {
  const old = await dial()
  await eventually(() => expect(old.generations()).toEqual([1]))
  const free = holdStore()
  const young = await dial()
  old.lines.close()
  await turns()
  free()
  await eventually(() => expect(young.generations()).toEqual([1]))
  await store.transact((tx) => wish(tx, [host]))
  await eventually(() => expect(young.generations()).toEqual([1, 2]))
  expect(await row()).toMatchObject({ connected: 1 })
})

test('what an old connection still says is passed over once the host has a new one', async () => {
  const old = await dial()
  await eventually(() => expect(old.generations()).toEqual([1]))
  const young = await dial()
  await eventually(() => expect(young.generations()).toEqual([1]))
  young.lines.send({ type: 'facts', facts: facts(7) })
  await eventually(async () => expect(await row()).toMatchObject({ received: 7 }))
  old.lines.send({ type: 'facts', facts: facts(3) })
  old.lines.close()
  await turns()
  expect(await row()).toMatchObject({ received: 7, connected: 1 })
})

test('an agent of strange hosts does not keep the others from their specs', async () => {
  await dial('z9')
  await turns()
  const agent = await dial()
  await eventually(() => expect(agent.generations()).toEqual([1]))
})

test('an agent whose news cannot be taken is hung up on, so that it tells all of it again', async () => {
  const agent = await dial()
  await eventually(() => expect(agent.generations()).toEqual([1]))
  agent.lines.send({ type: 'facts', facts: { ...facts(1), troubles: undefined } as unknown as HostFacts })
  await eventually(() => expect(agent.closed).toBe(true))
  expect(await row()).toMatchObject({ received: 0 })
})

test('a host that says how far it has come keeps what it said before', async () => {
  const agent = await dial()
  await eventually(() => expect(agent.generations()).toEqual([1]))
  const domain = { id: 'dom_1', state: 'running', reboots: 0 } as const
  agent.lines.send({ type: 'facts', facts: { ...facts(1), domains: [domain] } })
  agent.lines.send({ type: 'progress', progress: { host, received: 2, settled: 1, troubles: [] } })
  await eventually(async () => expect(await row()).toMatchObject({ received: 2, settled: 1 }))
  agent.lines.send({ type: 'progress', progress: { host, received: 3, settled: 3, troubles: [] } })
  await eventually(async () => expect(await row()).toMatchObject({ received: 3, settled: 3 }))
  const rows = await store.read(({ db }) => db.selectFrom('domainFacts').select(['id', 'state']).execute())
  expect(rows).toEqual([{ id: 'dom_1', state: 'running' }])
})

test('an agent that says how far it has come before anything else is hung up on', async () => {
  const agent = await dial()
  await eventually(() => expect(agent.generations()).toEqual([1]))
  agent.lines.send({ type: 'progress', progress: { host, received: 2, settled: 2, troubles: [] } })
  await eventually(() => expect(agent.closed).toBe(true))
  expect(await row()).toMatchObject({ received: 0 })
})

describe('a launch', () => {
  const vpc = 'vpc-1'
  const others = ['b1', 'b2', 'edge']

  beforeEach(async () => {
    const hosts = others.map((id, index) => ({ id, zone: 'z', underlayAddress: `100.64.2.${index}` }))
    await store.transact(async (tx) => {
      await ensureHosts(
        tx,
        hosts.map((it) => ({ ...it, isEdge: it.id === 'edge' })),
      )
      for (const hostId of [host, 'b1']) await insertRow(tx, 'vpcHosts', { vpcId: vpc, hostId, interfaces: 1 })
    })
  })

  const generationsOf = (agent: Agent, id: HostId) =>
    agent.specs.flatMap((it) => (it.host === id ? [it.generation] : []))

  test('is told to its host, then to the others of its VPC and the edge', async () => {
    const agent = await dial(host, ...others)
    await eventually(() => expect(agent.specs).toHaveLength(4))
    const first = agent.specs.length
    await store.transact((tx) => wishLaunch(tx, { vpc, hosts: [host] }))
    await eventually(() => expect(agent.specs).toHaveLength(7))
    await turns()
    expect(agent.specs.slice(first).map((it) => it.host)).toEqual([host, ...['b1', 'edge']])
  })

  test('is told together with those that come meanwhile, and all hear of the last one', async () => {
    const agent = await dial(host, ...others)
    await eventually(() => expect(agent.specs).toHaveLength(4))
    for (let count = 0; count < 50; count++) {
      await store.transact((tx) => wishLaunch(tx, { vpc, hosts: [count % 2 ? host : 'b1'] }))
      if (count % 10 === 9) await turns()
    }
    const wished = () => store.read(({ db }) => db.selectFrom('hosts').select(['id', 'generation']).execute())
    await eventually(async () => {
      await turns()
      for (const { id, generation } of await wished()) expect(generationsOf(agent, id).at(-1)).toBe(generation)
    })
    expect(generationsOf(agent, 'edge').length).toBeLessThan(30)
    expect(generationsOf(agent, 'b2')).toHaveLength(1)
  })

  test('is told to the others while one of them reads nothing', async () => {
    padding = 2 ** 20
    const [agent, slow] = [await dial(host, 'b2', 'edge'), await dial('b1')]
    await eventually(() => expect([...agent.specs, ...slow.specs]).toHaveLength(4))
    slow.socket.pause()
    await eventually(async () => {
      await store.transact((tx) => wishLaunch(tx, { vpc, hosts: [host] }))
      await turns()
      expect(generationsOf(agent, 'edge').length).toBeGreaterThan(4)
    })
    slow.socket.resume()
    const wished = async () => (await store.read((reader) => rowWhere(reader, 'hosts', { id: 'b1' })))!.generation
    await eventually(async () => expect(generationsOf(slow, 'b1').at(-1)).toBe(await wished()))
  })

  test('is told to the others once that can be written', async () => {
    const agent = await dial(host, ...others)
    await eventually(() => expect(agent.specs).toHaveLength(4))
    const { transact } = store
    let refused = 0
    await transact((tx) => wishLaunch(tx, { vpc, hosts: [host] }))
    vi.spyOn(store, 'transact').mockImplementation((work) => {
      if (refused++ > 0) return transact(work)
      return Promise.reject(new Error('the disk is full'))
    })
    await eventually(() => expect(generationsOf(agent, 'edge')).toHaveLength(2))
    expect(refused).toBeGreaterThan(1)
  })
})

test('an agent whose spec cannot be made is hung up on, so that it asks again', async () => {
  broken = true
  const agent = await dial()
  await eventually(() => expect(agent.closed).toBe(true))
  broken = false
  const again = await dial()
  await eventually(() => expect(again.generations()).toEqual([1]))
})

test('a question of somebody who has gone is not asked', async () => {
  const agent = await dial()
  await eventually(() => expect(agent.generations()).toEqual([1]))
  await expect(links.console(host, 'dom_1', AbortSignal.abort(new Error('gone')))).rejects.toThrow()
})

test('a host parks what it is asked to, and says why where it does not', async () => {
  const agent = await dial()
  await eventually(() => expect(links.agents()).toEqual([[host]]))
  const [like, abort] = [{ id: 'dom_0' } as unknown as DomainSpec, new AbortController().signal]
  agent.answer = () => ({ ok: true, value: 'made' })
  expect(await links.warm(host, like, abort)).toBe('made')
  expect(agent.asked).toMatchObject([{ type: 'warm', host, like }])
  agent.answer = () => ({ ok: false, message: 'ami-1 cannot be parked' })
  await expect(links.warm(host, like, abort)).rejects.toThrow(new Fault('ami-1 cannot be parked'))
  agent.answer = () => undefined
  const unanswered = links.warm(host, like, abort)
  await turns()
  agent.lines.close()
  await expect(unanswered).rejects.toThrow(new Retry('the agent is gone'))
})

test('hosts of one agent are told apart from those of another', async () => {
  const more = { zone: 'z', isEdge: false }
  const others = ['b1', 'b2'].map((id, index) => ({ id, ...more, underlayAddress: `100.64.2.${index + 1}` }))
  await store.transact((tx) => ensureHosts(tx, others))
  await dial()
  await dial('b1', 'b2')
  await eventually(() => expect(links.agents().sort()).toEqual([[host], ['b1', 'b2']]))
})

type Question = Extract<ToAgent, { id: number }>
type Answer = { ok: true; value: string } | { ok: false; message: string }

interface Agent {
  readonly socket: Socket
  readonly lines: JsonLines<FromAgent>
  readonly specs: readonly HostSpec[]
  readonly closed: boolean
  /** Questions that came, and what is said to them: by default nothing. */
  readonly asked: readonly Question[]
  answer: (question: Question) => Answer | undefined
  generations(): number[]
}

async function dial(...as: HostId[]): Promise<Agent> {
  const socket = connect(join(folder, 'agents'))
  const specs: HostSpec[] = []
  const asked: Question[] = []
  let closed = false
  const lines = jsonLines<ToAgent, FromAgent>(socket, {
    receive: (message) => {
      if (message.type === 'spec') specs.push(message.spec)
      if (message.type === 'change') {
        const { host } = message.change
        specs.push(
          withChange(
            specs.findLast((it) => it.host === host),
            message.change,
          ),
        )
      }
      if (!('id' in message)) return
      asked.push(message)
      const answer = agent.answer(message)
      if (answer) lines.send({ type: 'answer', to: message.id, ...answer })
    },
    closed: () => {
      closed = true
    },
  })
  const agent: Agent = {
    socket,
    lines,
    specs,
    asked,
    answer: () => undefined,
    get closed() {
      return closed
    },
    generations: () => specs.map((it) => it.generation),
  }
  await new Promise((resolve) => socket.once('connect', resolve))
  lines.send({
    type: 'hello',
    version: protocolVersion,
    hosts: (as.length > 0 ? as : [host]).map((it) => ({ host: it, capacity })),
  })
  await turns()
  agents.push(agent)
  return agent
}

const emptySpecs: SpecSource = async ({ db }, hosts) => {
  if (broken) throw new Error('no specs today')
  const rows = await db.selectFrom('hosts').select(['id', 'generation']).where('id', 'in', hosts).execute()
  return rows.map(({ id, generation }) => {
    const more = { padding: String.fromCharCode(64 + generation).repeat(padding) }
    return { ...more, host: id, generation, domains: [], routers: [] }
  })
}

function facts(received: number): HostFacts {
  return { host, received, settled: received, domains: [], troubles: [] }
}

function row() {
  return store.read(({ db }) => db.selectFrom('hosts').selectAll().where('id', '=', host).executeTakeFirstOrThrow())
}

/** Nothing is committed until the answer is called. */
function holdStore(): () => void {
  const gate = Promise.withResolvers<void>()
  void store.transact(() => gate.promise)
  return gate.resolve
}

/** Lets sockets and promises come to rest. */
async function turns(): Promise<void> {
  for (let left = 50; left > 0; left--) await turn()
}
