import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Fault } from '../../base/fault.ts'
import type { QmpEvent } from './commands.ts'
import { Qmp } from './qmp.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const it of open.splice(0)) await it[Symbol.asyncDispose]()
})

describe('a QMP connection', () => {
  it('negotiates, and gives each command its own answer', async () => {
    const { qmp } = await connected((line, say) => {
      const { id, execute } = JSON.parse(line)
      // The other way round: answers carry the number of their question.
      if (execute === 'query-status') setImmediate(() => say({ return: { status: 'running' }, id }))
      else say({ return: {}, id })
    })
    const [status, rest] = await Promise.all([qmp.execute('query-status', {}), qmp.execute('cont', {})])
    expect(status).toEqual({ status: 'running' })
    expect(rest).toEqual({})
  })

  it('throws with the words of a refusal', async () => {
    const { qmp } = await connected((line, say) =>
      say({ error: { class: 'GenericError', desc: 'not now' }, id: JSON.parse(line).id }),
    )
    await expect(qmp.execute('cont', {})).rejects.toThrow('not now')
  })

  it('hands on events, also in the middle of a command', async () => {
    const { qmp, events } = await connected((line, say) => {
      say({ event: 'STOP', timestamp: {} })
      say({ return: {}, id: JSON.parse(line).id })
    })
    await qmp.execute('cont', {})
    expect(events.map((it) => it.event)).toEqual(['STOP'])
  })

  it('does not wait for ever, nor when it is told to stop', async () => {
    const { qmp } = await connected(() => {})
    await expect(qmp.execute('cont', {}, { timeoutMs: 10 })).rejects.toThrow('did not answer')
    const abort = new AbortController()
    const asked = qmp.execute('cont', {}, { abort: abort.signal })
    abort.abort(new Fault('enough'))
    await expect(asked).rejects.toThrow('enough')
  })

  it('fails what is waiting when the other side goes', async () => {
    const { qmp, closed } = await connected((_, __, socket) => socket.destroy())
    await expect(qmp.execute('cont', {})).rejects.toThrow('closed')
    await closed
    await expect(qmp.execute('cont', {})).rejects.toThrow('closed')
  })

  it('fails where nobody listens, and where nobody greets', async () => {
    const abort = new AbortController().signal
    await expect(Qmp.open('/nonexistent/socket', silent, { abort })).rejects.toThrow(Fault)
    const path = await serve(() => {})
    await expect(Qmp.open(path, silent, { abort, timeoutMs: 20 })).rejects.toThrow('greeting')
  })

  it('closes on a line without end', async () => {
    const { qmp, closed } = await connected((_, __, socket) => socket.write('x'.repeat(2 * 1024 * 1024)))
    await expect(qmp.execute('cont', {})).rejects.toThrow(Fault)
    await closed
  })

  it('survives whatever it is told', async () => {
    const message = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constantFrom('{"return":1}', '{"id":2}', '{"error":7,"id":2}', '{"event":{}}', '[]', 'null', '{"QMP":0}'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 4 }), async (messages) => {
        const { qmp } = await connected((_, __, socket) => void socket.end(`${messages.join('\n')}\n`))
        const outcome = await qmp.execute('cont', {}, { timeoutMs: 1000 }).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(Fault)
      }),
      { numRuns: 60 },
    )
  })
})

const silent = { event: () => {}, closed: () => {} }
type Answer = (line: string, say: (message: object) => void, socket: Socket) => void

/** A connection to a server that greets as QEMU does, and answers every command after the first with `answer`. */
async function connected(answer: Answer) {
  const path = await serve((socket) => {
    const say = (message: object) => void socket.write(`${JSON.stringify(message)}\r\n`)
    say({ QMP: { version: {}, capabilities: [] } })
    let pending = ''
    socket.on('error', () => {}) // The client may be gone.
    socket.on('data', (chunk) => {
      const lines = (pending + chunk).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) {
        const { execute, id } = JSON.parse(line)
        if (execute === 'qmp_capabilities') say({ return: {}, id })
        else answer(line, say, socket)
      }
    })
  })
  const events: QmpEvent[] = []
  const closed = Promise.withResolvers<void>()
  const listeners = { event: (it: QmpEvent) => void events.push(it), closed: closed.resolve }
  const qmp = await Qmp.open(path, listeners, { abort: new AbortController().signal })
  open.unshift({ [Symbol.asyncDispose]: async () => qmp.close() })
  return { qmp, events, closed: closed.promise }
}

async function serve(connection: (socket: Socket) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'qmp-'))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    connection(socket)
  }).listen(join(folder, 's'))
  await once(server, 'listening')
  open.push({
    async [Symbol.asyncDispose]() {
      for (const it of sockets) it.destroy()
      server.close()
      await rm(folder, { recursive: true, force: true })
    },
  })
  return join(folder, 's')
}
