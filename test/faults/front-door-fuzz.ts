import { connect, type Socket } from 'node:net'
import { systemClock } from '../../src/base/clock.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { HttpRequest } from '../../src/iam/http-request.ts'
import { type Credentials, formEncode, signV2, signV4 } from '../../src/iam/sign.ts'

export interface FuzzOptions {
  /** With a key that is let in, half of the rounds are signed and reach the application behind the door. */
  readonly credentials?: Credentials
  /** Actions to ask; others are made up. */
  readonly actions?: readonly string[]
  /** After this long without the server's hanging up, a round counts as hung. Default 10,000. */
  readonly patienceMs?: number
  /** For how long answers to a request that may be incomplete are waited for, before the sending side is closed. Default 40. */
  readonly settleMs?: number
}

export interface FuzzReport {
  /** How often each HTTP status came. */
  readonly statuses: Readonly<Record<number, number>>
  /** Rounds in which the server hung up without any answer. */
  readonly unanswered: number
}

/**
 * Sends `rounds` broken, huge, odd and half-sent requests to a front door on 127.0.0.1, the same ones for the same seed.
 * Throws, naming seed and round, where an answer is a 500, where the server does not hang up, or where an honest request
 * between them is no longer answered.
 */
export async function fuzzFrontDoor(
  port: number,
  seed: string,
  rounds: number,
  options: FuzzOptions = {},
): Promise<FuzzReport> {
  const statuses: Record<number, number> = {}
  let unanswered = 0
  for (let round = 0; round < rounds; round++) {
    const dice = new Dice(seededRandom(`${seed}/${round}`))
    const [name, make] = dice.pick(attacks)
    const answer = await send(port, make(dice, port, options), options).catch((cause) => {
      throw new Error(`${name}, seed ${seed}, round ${round}: ${String(cause)}`, { cause })
    })
    if (answer.length === 0) unanswered++
    for (const status of answer) statuses[status] = (statuses[status] ?? 0) + 1
    if (answer.includes(500)) throw new Error(`${name}, seed ${seed}, round ${round}: answered 500`)
    if (round % 20 === 19) await mustLive(port, options)
  }
  return { statuses, unanswered }
}

/**
 * What is sent, in slices, each on its own turn. It ends with an honest request that asks the server to hang up, or with
 * the sending side closed, or torn down.
 */
interface Attack {
  readonly slices: readonly Buffer[]
  readonly ending?: 'end' | 'tear'
}

type Make = (dice: Dice, port: number, options: FuzzOptions) => Attack

const attacks: readonly (readonly [name: string, make: Make])[] = [
  ['random bytes', (dice) => whole(dice.bytes(2000))],
  ['flipped bytes', (dice, port, options) => whole(corrupted(dice, request(dice, port, options)))],
  ['odd parameters', (dice, port, options) => whole(request(dice, port, options))],
  ['odd parameters in slices', (dice, port, options) => ({ slices: sliced(dice, request(dice, port, options)) })],
  ['broken percent-encoding', (dice, port) => whole(raw(port, dice.pick(methods), '/', brokenForm(dice)))],
  ['huge and deep names', (dice, port, options) => whole(request(dice, port, options, [deepParam(dice)]))],
  ['thousands of parameters', (dice, port, options) => whole(request(dice, port, options, manyParams(dice)))],
  ['thousands of headers', (dice, port) => whole(raw(port, 'GET', '/', 'Action=A', manyHeaders(dice)))],
  ['odd headers', (dice, port) => whole(raw(port, 'POST', '/', 'Action=A', oddHeaders(dice)))],
  ['odd paths', (dice, port) => whole(raw(port, dice.pick(methods), oddPath(dice), 'Action=A'))],
  ['pipelining', (dice, port, options) => whole(repeated(dice, request(dice, port, options)))],
  ['early disconnect', (dice, port, options) => cut(dice, request(dice, port, options), 'tear')],
  ['early end', (dice, port, options) => cut(dice, request(dice, port, options), 'end')],
  ['a body that lies about its length', (dice, port) => whole(lying(dice, port))],
  ['chunks', (dice, port) => whole(chunked(dice, port))],
]

const methods = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'BREW'] as const

/** Seeded choices. */
class Dice {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** From 0 to `below` - 1. */
  roll(below: number): number {
    return this.#random.bytes(4).readUInt32BE() % below
  }

  pick<T>(of: readonly T[]): T {
    return of[this.roll(of.length)]!
  }

  bytes(most: number): Buffer {
    return this.#random.bytes(1 + this.roll(most))
  }

  text(most: number): string {
    const odd = [
      '',
      '\0',
      '\u0007',
      '\ufffe',
      '&',
      '=',
      '%',
      '+',
      ' ',
      '\r\n',
      '.',
      '漢',
      '🙂',
      '<',
      ']]>',
      "'",
      '-1',
      '1e999',
    ]
    const plain = 'ABCabc012._-~/:'
    return Array.from({ length: this.roll(most) }, () => this.pick([...odd, ...plain])).join('')
  }
}

/** A request with odd parameters; signed where there is a key and the dice say so. */
function request(dice: Dice, port: number, options: FuzzOptions, more?: [string, string][]): Buffer {
  const names = ['InstanceId.1', 'Filter.1.Name', 'Filter.1.Value.1', 'MaxResults', 'NextToken', 'DryRun', 'UserData']
  const action = dice.pick([...(options.actions ?? []), 'DescribeInstances', 'RunInstances', 'Nonsense', dice.text(9)])
  const version = dice.pick(['2016-11-15', '2009-11-30', '2011-06-15', '', dice.text(9)])
  const odd = Array.from({ length: dice.roll(6) }, () => [dice.pick([...names, dice.text(12)]), dice.text(30)])
  const params = [['Action', action], ['Version', version], ...odd, ...(more ?? [])] as [string, string][]
  const unique = [...new Map(params)]
  return options.credentials && dice.roll(2)
    ? signed(dice, port, options.credentials, unique)
    : plain(dice, port, unique)
}

function plain(dice: Dice, port: number, params: [string, string][]): Buffer {
  return raw(port, dice.pick(['GET', 'POST', 'POST']), '/', formEncode(params))
}

function signed(dice: Dice, port: number, credentials: Credentials, params: [string, string][]): Buffer {
  const host = `127.0.0.1:${port}`
  const at = new Date()
  const request: HttpRequest = {
    method: 'POST',
    path: '/',
    query: '',
    body: Buffer.from(formEncode(params)),
    headers: [['host', host]],
  }
  if (dice.roll(2))
    return wire(signV4(request, { credentials, region: dice.text(3).replace(/[^a-z]/g, ''), service: 'ec2', at }))
  const form = signV2(
    params,
    { method: 'POST', host, path: '/' },
    { credentials, hash: dice.pick(['sha1', 'sha256']), at },
  )
  return wire({ ...request, body: Buffer.from(formEncode(form)) })
}

function wire({ method, path, headers, body }: HttpRequest): Buffer {
  const lines = [...headers, ['content-length', String(body.length)]].map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body])
}

/** A request as it stands; the form goes where the method has its parameters. */
function raw(port: number, method: string, path: string, form: string, headers = ''): Buffer {
  const host = `Host: 127.0.0.1:${port}\r\n`
  if (method !== 'POST') return Buffer.from(`${method} ${path}?${form} HTTP/1.1\r\n${host}${headers}\r\n`, 'latin1')
  const body = Buffer.from(form, 'latin1')
  const head = `POST ${path} HTTP/1.1\r\n${host}Content-Length: ${body.length}\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

const whole = (bytes: Buffer): Attack => ({ slices: [bytes] })

function corrupted(dice: Dice, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  for (let count = 1 + dice.roll(10); count > 0; count--) changed.writeUInt8(dice.roll(256), dice.roll(changed.length))
  return changed
}

function sliced(dice: Dice, bytes: Buffer): Buffer[] {
  const cuts = Array.from({ length: 3 }, () => dice.roll(bytes.length)).sort((a, b) => a - b)
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
}

function cut(dice: Dice, bytes: Buffer, ending: 'end' | 'tear'): Attack {
  return { slices: [bytes.subarray(0, dice.roll(bytes.length))], ending }
}

function repeated(dice: Dice, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: 2 + dice.roll(100) }, () => bytes))
}

function brokenForm(dice: Dice): string {
  const pieces = [
    '%',
    '%%',
    '%f',
    '%zz',
    '%00',
    '%ff',
    '%c0%af',
    '%ed%a0%80',
    '%f4%90%80%80',
    '&',
    '=',
    '+',
    '%2',
    'Action=',
    'A',
  ]
  return Array.from({ length: 1 + dice.roll(40) }, () => dice.pick(pieces)).join('')
}

function deepParam(dice: Dice): [string, string] {
  const deep = dice.pick(['.1', '.Filter', '.', '.99999999999999999999', '.-1', '.__proto__', '.constructor.prototype'])
  return [dice.pick(['Filter', '', '__proto__', 'InstanceId']) + deep.repeat(1 + dice.roll(3000)), 'x']
}

function manyParams(dice: Dice): [string, string][] {
  return Array.from({ length: 1000 + dice.roll(12_000) }, (_, index) => [`InstanceId.${index}`, 'i-1'])
}

function manyHeaders(dice: Dice): string {
  return Array.from({ length: 100 + dice.roll(5000) }, (_, index) => `x${index}: y\r\n`).join('')
}

function oddHeaders(dice: Dice): string {
  const scope = 'Credential=AKIAIOSFODNN7EXAMPLE/20140423/us-west-2/ec2/aws4_request'
  const values = [
    '',
    ',',
    'AWS4-HMAC-SHA256',
    `AWS4-HMAC-SHA256 ${scope}`,
    `AWS4-HMAC-SHA256 ${scope},SignedHeaders=host,Signature=`,
  ]
  const names = [
    'Authorization',
    'X-Amz-Date',
    'Date',
    'X-Amz-Security-Token',
    'X-Amz-Target',
    'X-Amz-Content-Sha256',
    'Host',
    'Expect',
  ]
  const value = () => dice.pick([...values, 'é'.repeat(dice.roll(9)), '9'.repeat(dice.roll(999)), '20140423T201135Z'])
  return Array.from({ length: 1 + dice.roll(8) }, () => `${dice.pick(names)}: ${value()}\r\n`).join('')
}

function oddPath(dice: Dice): string {
  const pieces = [
    '/',
    '..',
    '.',
    '%',
    '%2e',
    '%00',
    'services',
    'Eucalyptus',
    'é',
    '//',
    '*',
    'http://',
    'a'.repeat(dice.roll(9000)),
  ]
  return Array.from({ length: 1 + dice.roll(9) }, () => dice.pick(pieces)).join('')
}

function lying(dice: Dice, port: number): Buffer {
  const length = dice.pick(['-1', '0', '3', '99999', '99999999999999999999', 'x', '1, 2', '0x10', ''])
  return Buffer.from(
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${length}\r\n\r\nAction=${dice.text(9)}`,
  )
}

function chunked(dice: Dice, port: number): Buffer {
  const chunk = dice.pick([
    '8\r\nAction=A\r\n',
    'ffffffffff\r\nx\r\n',
    'zz\r\n',
    '-1\r\n',
    '3;ext=1\r\nabc\r\n',
    '0\r\n\r\n',
    '0\r\nTrailer: x\r\n\r\n',
  ])
  const also = dice.pick(['', '', 'Content-Length: 5\r\n'])
  return Buffer.from(`POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nTransfer-Encoding: chunked\r\n${also}\r\n${chunk}`)
}

/** Sends an attack and gives the statuses of all answers once the server has hung up. */
async function send(port: number, attack: Attack, options: FuzzOptions): Promise<number[]> {
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect({ host: '127.0.0.1', port })
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.on('error', () => {}) // A reset is one way of hanging up; a server that is gone is found by the honest request.
  socket.on('close', () => resolve())
  socket.setTimeout(options.patienceMs ?? 10_000, () => reject(new Error('the server does not hang up')))
  try {
    await put(socket, port, attack)
    if (attack.ending === 'tear') socket.resetAndDestroy()
    else await settled(socket, closed, attack.ending === 'end' ? 0 : (options.settleMs ?? 40))
    await closed
  } finally {
    socket.destroy()
  }
  return statusesOf(Buffer.concat(received).toString('latin1'))
}

async function put(socket: Socket, port: number, { slices, ending }: Attack): Promise<void> {
  const goodbye = Buffer.from(`GET /?Action=A HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)
  for (const slice of ending ? slices : [...slices, goodbye]) {
    socket.write(slice)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/**
 * Closes the sending side if the server still has not hung up after `ms`: it waits for the rest of something incomplete.
 * Not at once, because Node's server drops its answers when it sees the end of what the client sends.
 */
async function settled(socket: Socket, closed: Promise<void>, ms: number): Promise<void> {
  const enough = new AbortController()
  const late = systemClock.sleep(ms, enough.signal).then(
    () => void socket.end(),
    () => {}, // The server hung up before.
  )
  await Promise.race([closed, late])
  enough.abort()
}

function statusesOf(answers: string): number[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

/** An honest request is still answered: with a key by the application, without one by the door. */
async function mustLive(port: number, options: FuzzOptions): Promise<void> {
  const { credentials } = options
  const params: [string, string][] = [
    ['Action', 'DescribeRegions'],
    ['Version', '2016-11-15'],
  ]
  const target = { method: 'POST', host: `127.0.0.1:${port}`, path: '/' }
  const form = credentials ? signV2(params, target, { credentials, hash: 'sha256', at: new Date() }) : params
  const bytes = raw(port, 'POST', '/', formEncode(form))
  const [status] = await send(port, { slices: [bytes] }, { ...options, settleMs: options.patienceMs ?? 10_000 })
  const expected = credentials ? 200 : 400
  if (status !== expected) throw new Error(`an honest request was answered ${status}, not ${expected}`)
}
