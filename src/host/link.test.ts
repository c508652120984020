import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import { jsonLines } from '../base/json-lines.ts'
import { silentLog } from '../base/log.ts'
import { eventually } from '../base/testing.ts'
import type { Parking } from '../drivers/hypervisor/driver.ts'
import type { FromAgent, ToAgent } from '../host-api/messages.ts'
import { keepLink } from './link.ts'
import { FakeHost, hostSpecOf } from './testing.ts'

const [like] = hostSpecOf(1).domains
const capacity = { memoryMiB: 1024, cores: 1, diskGiB: 10, accelerator: 'none' } as const

test('an agent that is asked to park a machine says what came of it, and is asked other things meanwhile', async () => {
  const gate = Promise.withResolvers<'made'>()
  const { ask, answers } = await linked({ warm: () => gate.promise })
  ask({ type: 'warm', id: 1, host: 'a1', like: like! })
  ask({ type: 'drops', id: 2, host: 'a1' })
  await eventually(() => expect(answers).toEqual([{ type: 'answer', to: 2, ok: true, value: '[]' }]))
  gate.resolve('made')
  await eventually(() => expect(answers.at(-1)).toEqual({ type: 'answer', to: 1, ok: true, value: 'made' }))
})

test('an agent that cannot park a machine says why', async () => {
  const { ask, answers } = await linked({ warm: () => Promise.reject(new Fault('it cannot be parked')) })
  ask({ type: 'warm', id: 1, host: 'a1', like: like! })
  await eventually(() => expect(answers).toMatchObject([{ to: 1, ok: false, message: 'it cannot be parked' }]))
})

/** An agent that has dialled, and what it has answered. */
async function linked(parking: Pick<Parking, 'warm'>) {
  const folder = await mkdtemp(join(tmpdir(), 'link-'))
  const socket = join(folder, 'agents')
  const dialled = Promise.withResolvers<Socket>()
  const server = createServer(dialled.resolve)
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const host = new FakeHost('a1')
  const nothing = {
    find: async () => undefined,
    prepare: () => {},
    take: async () => undefined,
    drop: async () => {},
    forget: () => {},
    discard: async () => {},
  }
  const agent = await host.start({ parking: { ...nothing, ...parking, [Symbol.asyncDispose]: async () => {} } })
  const end = new AbortController()
  const capacities = new Map([['a1', capacity]])
  const link = keepLink({ socket, agents: [agent], capacities, clock: systemClock, log: silentLog }, end.signal)
  onTestFinished(async () => {
    end.abort()
    await link
    await host.stop()
    server.close()
    await rm(folder, { recursive: true })
  })
  const answers: FromAgent[] = []
  const lines = jsonLines<FromAgent, ToAgent>(await dialled.promise, {
    receive: (message) => {
      if (message.type === 'answer') answers.push(message)
    },
    closed: () => {},
  })
  return { answers, ask: (question: ToAgent) => lines.send(question) }
}
