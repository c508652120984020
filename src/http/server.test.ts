import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { type Log, silentLog } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import { run } from '../base/subprocess.ts'
import type { Handler, HttpResponse } from './exchange.ts'
import { readBody } from './read-body.ts'
import { type Limits, type Listener, listen } from './server.ts'

const openssl = '/usr/bin/openssl'
const ok: HttpResponse = { status: 200, body: 'fine\n' }

interface Opened extends Listener, AsyncDisposable {}

async function open(handler: Handler, limits: Partial<Limits> = {}, log: Log = silentLog): Promise<Opened> {
  const common = { clock: systemClock, random: seededRandom('ids'), log, limits }
  const listener = await listen(handler, { host: '127.0.0.1', port: 0, ...common })
  const { host, port, url } = listener
  const close = (graceMs?: number) => listener.close(graceMs)
  return { host, port, url, close, [Symbol.asyncDispose]: () => close(50) }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}

/** Sends bytes and gives all that comes back until the server hangs up. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = await dial(port)
  socket.on('error', () => {}) // A reset is one way of hanging up.
  socket.write(bytes, 'latin1')
  return await text(socket).catch(() => '')
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const last = 'Connection: close\r\n'

test('an answer carries its request id twice, and the log has a line for it without the query', async () => {
  const lines: unknown[] = []
  const log: Log = { ...silentLog, info: (fields: unknown) => void lines.push(fields), child: () => log }
  await using server = await open(async () => ({ ...ok, logged: { service: 'ec2' } }), {}, log)
  const response = await fetch(`${server.url}/path?Signature=secret`)
  const requestId = response.headers.get('x-amzn-requestid')
  expect(response.headers.get('x-amz-request-id')).toBe(requestId)
  expect(lines).toMatchObject([{ requestId, method: 'GET', path: '/path', status: 200, bytes: 5, service: 'ec2' }])
  expect(JSON.stringify(lines)).not.toContain('secret')
})

test('HEAD is answered as GET is, without the body', async () => {
  await using server = await open(async () => ok)
  const answer = await exchange(server.port, `HEAD / HTTP/1.1\r\nHost: a\r\n${last}\r\n`)
  expect(answer).toMatch(/content-length: 5\r\n/i)
  expect(answer.endsWith('\r\n\r\n')).toBe(true)
})

test('pipelined requests are handled one at a time and answered in order', async () => {
  let atOnce = 0
  let most = 0
  const handler: Handler = async ({ path }) => {
    most = Math.max(most, ++atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    atOnce--
    return { status: 200, body: `<${path}>` }
  }
  await using server = await open(handler)
  const answer = await exchange(server.port, get('/1') + get('/2') + get('/3', last))
  expect(answer.match(/<\/\d>/g)).toEqual(['</1>', '</2>', '</3>'])
  expect(most).toBe(1)
})

test('a connection that pipelines without end is closed', async () => {
  const gate = Promise.withResolvers<void>()
  await using server = await open(async () => gate.promise.then(() => ok), { pipelined: 8 })
  expect(await exchange(server.port, get('/').repeat(100))).toBe('')
  gate.resolve()
})

test('the handler is told when its client goes away', async () => {
  const gone = Promise.withResolvers<unknown>()
  const asked = Promise.withResolvers<void>()
  await using server = await open(async (_head, _body, abort) => {
    abort.addEventListener('abort', () => gone.resolve(abort.reason))
    asked.resolve()
    await gone.promise
    return ok
  })
  const socket = await dial(server.port)
  socket.write(get('/'))
  await asked.promise
  socket.destroy()
  expect(await gone.promise).toMatchObject({ message: 'the client went away' })
})

test('closing lets requests end, then refuses connections', async () => {
  const gate = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const server = await open(async () => {
    asked.resolve()
    await gate.promise
    return ok
  })
  const response = fetch(server.url)
  await asked.promise
  const closed = server.close(10_000)
  gate.resolve()
  expect(await (await response).text()).toBe('fine\n')
  await closed
  await expect(dial(server.port)).rejects.toThrow()
})

test('closing aborts what does not end in time', async () => {
  const asked = Promise.withResolvers<void>()
  const server = await open((_head, _body, abort) => {
    asked.resolve()
    return new Promise((_, reject) => abort.addEventListener('abort', () => reject(abort.reason)))
  })
  const response = fetch(server.url)
  response.catch(() => {}) // It fails; below it is asserted.
  await asked.promise
  await server.close(10)
  await expect(response).rejects.toThrow()
})

test('idle connections do not hold up closing', async () => {
  const server = await open(async () => ok)
  const socket = await dial(server.port)
  const closed = text(socket)
  await server.close(10_000)
  expect(await closed).toBe('')
})

test('too many headers, too large ones, and no HTTP at all are refused with their status', async () => {
  await using server = await open(async () => ok)
  const many = Array.from({ length: 300 }, (_, index) => `x${index}: y\r\n`).join('')
  expect(await exchange(server.port, get('/', many + last))).toMatch(/^HTTP\/1.1 431 /)
  expect(await exchange(server.port, get('/', `x: ${'y'.repeat(40_000)}\r\n`))).toMatch(/^HTTP\/1.1 431 /)
  expect(await exchange(server.port, 'EHLO there\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
})

test('a request is answered though more follows it than it announced', async () => {
  await using server = await open(async () => ok)
  expect(await exchange(server.port, `${get('/', last)}more\r\n`)).toMatch(/^HTTP\/1.1 200 /)
})

test('a client that sends its headers too slowly is turned out', async () => {
  await using server = await open(async () => ok, { headerMs: 50, requestMs: 60 })
  expect(await exchange(server.port, 'GET / HTTP/1.1\r\nHost:')).toMatch(/^HTTP\/1.1 408 /)
})

test('a client that sends its body too slowly is turned out', async () => {
  const ended = Promise.withResolvers<unknown>()
  const handler: Handler = async (_head, body, abort) => {
    await readBody(body, 100, abort).catch(ended.resolve)
    return ok
  }
  await using server = await open(handler, { headerMs: 50, requestMs: 60 })
  await exchange(server.port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab`)
  expect(await ended.promise).toMatchObject({ name: 'BodyCutShort' })
})

test('what a handler throws or answers wrongly is told to nobody but the log', async () => {
  const messages: unknown[] = []
  const log: Log = {
    ...silentLog,
    error: (_: unknown, message?: string) => void messages.push(message),
    child: () => log,
  }
  const handler: Handler = async ({ path }) => {
    if (path === '/throw') throw new Error('our secret')
    return { status: 200, headers: { bad: 'a\nb' }, body: '' }
  }
  await using server = await open(handler, {}, log)
  const answer = await exchange(server.port, get('/throw', last))
  expect(answer).toMatch(/^HTTP\/1.1 500 /)
  expect(answer).not.toContain('our secret')
  expect(await exchange(server.port, get('/bad', last))).not.toContain('200')
  expect(messages).toEqual(['our secret', expect.stringContaining('unsendable answer')])
})

test('an address in use is said so', async () => {
  await using server = await open(async () => ok)
  const again = listen(async () => ok, {
    ...{ host: '127.0.0.1', port: server.port, clock: systemClock, random: seededRandom(''), log: silentLog },
  })
  await expect(again).rejects.toThrow(
    `Can't listen on 127.0.0.1:${server.port}: another program (perhaps another Cumulet)`,
  )
})

test('a connection that never asks anything is closed', async () => {
  await using server = await open(async () => ok, { headerMs: 50, requestMs: 60 })
  expect(await exchange(server.port, '')).toMatch(/^HTTP\/1.1 408 /)
})

test.runIf(existsSync(openssl))('with a key and a certificate it is HTTPS', async () => {
  const make = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout - -days 2 -subj /CN=localhost'
  const pem = await run(openssl, make.split(' '))
  const handler: Handler = async ({ secure }) => ({ status: 200, body: `secure: ${secure}` })
  const common = { clock: systemClock, random: seededRandom(''), log: silentLog, tls: { key: pem, cert: pem } }
  const server = await listen(handler, { host: '127.0.0.1', port: 0, ...common })
  expect(server.url).toMatch(/^https:/)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(server.url, { rejectUnauthorized: false }, resolve).once('error', reject).end()
  expect(await text(await promise)).toBe('secure: true')
  await server.close()
})

test('an absolute target is read as one to this server', async () => {
  await using server = await open(async ({ path, query }) => ({ status: 200, body: `${path}|${query}` }))
  expect(await exchange(server.port, get('http://other/a?b=c?d', last))).toMatch(/\r\n\r\n\/a\|b=c\?d$/)
  expect(await exchange(server.port, get('http://other', last))).toMatch(/\r\n\r\n\/\|$/)
})

test('a port that is free again can be taken again at once', async () => {
  const first = await open(async () => ok)
  await fetch(first.url)
  await first.close()
  const squatter = createServer().listen(first.port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => squatter.once('listening', resolve).once('error', reject))
  await new Promise((resolve) => squatter.close(resolve))
})
