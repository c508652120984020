import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import { Slots } from '../../base/slots.ts'
import { defaultLimits, type Limits } from './admission.ts'
import type { Guest } from './answer.ts'
import { MetadataServer } from './server.ts'
import { tokensOf } from './tokens.ts'
import { GuestTurns } from './turns.ts'

const guest = (id: string): Guest => ({
  id: `eni-${id}`,
  metadata: { enabled: true, tokens: 'optional', hopLimit: 1, tree: { 'meta-data': { 'instance-id': `i-${id}` } } },
})
const guests: Record<string, Guest> = {
  'vpc-a 127.0.0.1': guest('a1'),
  'vpc-a 127.0.0.2': guest('a2'),
  'vpc-b 127.0.0.1': guest('b1'),
}

async function listen(vpcs: readonly `vpc-${string}`[], limits: Partial<Limits> = {}, turns?: GuestTurns) {
  const server = new MetadataServer({
    guestAt: (vpc, address) => guests[`${vpc} ${address}`],
    tokens: tokensOf(Buffer.alloc(32, 1), seededRandom('server')),
    turns,
    clock: systemClock,
    log: silentLog,
    limits: { ...defaultLimits, ...limits },
  })
  const listeners = vpcs.map((vpc) => {
    const listener = createServer()
    server.serve(vpc, listener)
    return listener.listen(0, '127.0.0.1')
  })
  await Promise.all(listeners.map((it) => once(it, 'listening')))
  onTestFinished(() => {
    server[Symbol.dispose]()
    for (const it of listeners) it.close()
  })
  return listeners.map((it) => (it.address() as AddressInfo).port)
}

function open(port: number | undefined, from = '127.0.0.1'): Socket {
  const socket = connect({ port: port ?? 0, host: '127.0.0.1', localAddress: from })
  onTestFinished(() => void socket.destroy())
  return socket
}

async function say(port: number | undefined, words: string, from?: string): Promise<string> {
  const socket = open(port, from)
  socket.write(words)
  return text(socket)
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const bodyOf = (response: string) => response.split('\r\n\r\n')[1]
const statusOf = (response: string) => Number(response.split(' ')[1])

test('each guest is told about itself, by its network and its address', async () => {
  const [a, b] = await listen(['vpc-a', 'vpc-b'])
  const path = '/latest/meta-data/instance-id'
  expect(bodyOf(await say(a, get(path)))).toBe('i-a1')
  expect(bodyOf(await say(a, get(path), '127.0.0.2'))).toBe('i-a2')
  expect(bodyOf(await say(b, get(path)))).toBe('i-b1')
})

test('headers do not change who one is', async () => {
  const [a] = await listen(['vpc-a'])
  const lies = 'X-Forwarded-For: 127.0.0.2\r\nForwarded: for=127.0.0.2\r\nX-Real-IP: 127.0.0.2\r\n'
  const words = `GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: 127.0.0.2\r\n${lies}\r\n`
  expect(bodyOf(await say(a, words))).toBe('i-a1')
})

test('a guest that is not known yet shall come again', async () => {
  const [b] = await listen(['vpc-b'])
  expect(statusOf(await say(b, get('/'), '127.0.0.2'))).toBe(503)
})

test('an answer says whose server it is and ends the connection', async () => {
  const [a] = await listen(['vpc-a'])
  const response = await say(a, get('/latest/meta-data/instance-id'))
  expect(response).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(response).toContain('\r\nServer: EC2ws\r\n')
  expect(response).toContain('\r\nContent-Length: 4\r\n')
  expect(response).toContain('\r\nConnection: close\r\n')
})

test('HEAD has the headers only, and HTTP/1.0 without Host is understood', async () => {
  const [a] = await listen(['vpc-a'])
  const head = await say(a, 'HEAD /latest/meta-data/instance-id HTTP/1.0\r\n\r\n')
  expect(head).toContain('\r\nContent-Length: 4\r\n')
  expect(bodyOf(head)).toBe('')
})

test.each([
  ['words that are no HTTP', 'hello\r\n\r\n'],
  ['headers longer than any client sends', `GET / HTTP/1.1\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`],
  ['a length that is no number', 'GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n'],
])('%s are a bad request', async (_, words) => {
  const [a] = await listen(['vpc-a'])
  const response = await say(a, words)
  expect(statusOf(response)).toBe(400)
  expect(response).toContain('<title>400 - Bad Request</title>')
})

test('of requests in one packet the first is served', async () => {
  const [a] = await listen(['vpc-a'])
  const response = await say(a, get('/latest/meta-data/instance-id').repeat(50))
  expect(response.split('i-a1')).toHaveLength(2)
})

test('an offer of HTTP/2 is passed over, and a tunnel refused', async () => {
  const [a] = await listen(['vpc-a'])
  const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
  expect(statusOf(await say(a, `GET / HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`))).toBe(200)
  expect(await say(a, 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
})

test('a token of one guest is nothing to another', async () => {
  const [a] = await listen(['vpc-a'])
  const ask = 'PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n'
  const given = await say(a, ask)
  expect(given.slice(0, 22)).toBe('HTTP/1.1 200 OK\r\nX-Aws') // What the network driver knows its packet by.
  const words = `GET / HTTP/1.1\r\nHost: x\r\nX-aws-ec2-metadata-token: ${bodyOf(given)}\r\n\r\n`
  expect(statusOf(await say(a, words))).toBe(200)
  expect(statusOf(await say(a, words, '127.0.0.2'))).toBe(401)
})

test('a client that never finishes its request is hung up on', async () => {
  const [a] = await listen(['vpc-a'], { connectionMs: 100 })
  const socket = open(a).resume()
  const drip = setInterval(() => socket.write('X: y\r\n'), 20)
  socket.on('error', () => clearInterval(drip)) // A reset is a way to hang up.
  socket.write('GET / HTTP/1.1\r\n')
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(drip)
})

test('a guest that holds all its connections is turned away while another is served', async () => {
  const [a] = await listen(['vpc-a'], { open: 3 })
  const held = Array.from({ length: 3 }, () => open(a))
  await Promise.all(held.map((it) => once(it, 'connect')))
  expect(statusOf(await say(a, get('/')))).toBe(503)
  expect(statusOf(await say(a, get('/'), '127.0.0.2'))).toBe(200)
  for (const it of held) it.destroy()
  await expect.poll(async () => statusOf(await say(a, get('/')))).toBe(200)
})

test('a lookup that fails is a 503, and the service goes on', async () => {
  const [a] = await listen(['vpc-a'])
  Object.defineProperty(guests, 'vpc-a 127.0.0.3', {
    configurable: true,
    get: () => {
      throw new Error('broken')
    },
  })
  onTestFinished(() => void delete guests['vpc-a 127.0.0.3'])
  expect(statusOf(await say(a, get('/'), '127.0.0.3'))).toBe(503)
  expect(statusOf(await say(a, get('/')))).toBe(200)
})

test('a guest that asks for its turn is answered when it has it, until it says that it is done', async () => {
  const slots = new Slots(1)
  using turns = new GuestTurns(slots, systemClock)
  const [a] = await listen(['vpc-a'], {}, turns)
  const ask = (method: string, from?: string) => say(a, `${method} /latest/api/turn HTTP/1.0\r\n\r\n`, from)
  for (const it of ['a1', 'a2'] as const) turns.expect(`eni-${it}`)
  expect(statusOf(await ask('PUT'))).toBe(200)
  const other = ask('PUT', '127.0.0.2')
  expect(await Promise.race([other, slots.idle.then(() => 'idle'), ask('HEAD').then(() => 'waits')])).toBe('waits')
  expect(statusOf(await ask('DELETE'))).toBe(200)
  expect(statusOf(await other)).toBe(200)
  expect(statusOf(await ask('DELETE', '127.0.0.2'))).toBe(200)
  await slots.idle
})

test('where there are no turns nobody has to wait for one', async () => {
  const [a] = await listen(['vpc-a'])
  expect(statusOf(await say(a, 'PUT /latest/api/turn HTTP/1.0\r\n\r\n'))).toBe(405)
})
