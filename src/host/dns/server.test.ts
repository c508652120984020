import { decode, type Packet } from 'dns-packet'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FakeClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import { usualDnsLimits } from './allowance.ts'
import { askResolvers } from './resolvers.ts'
import { type Audience, DnsServer } from './server.ts'
import { ask, OtherServer, openTcp, openUdp, option, overTcp, overUdp, portOf, privateName, spec } from './testing.ts'

let open: AsyncDisposableStack
let clock: FakeClock
beforeEach(() => {
  open = new AsyncDisposableStack()
  clock = new FakeClock()
})
afterEach(async () => await open.disposeAsync())

const onlyGuest = (address: string) => (address === '127.0.0.1' ? spec : undefined)

/** A server on loopback; its guest is 127.0.0.1. Port of UDP and of TCP. */
async function serve(audience: Partial<Audience>, limits = usualDnsLimits) {
  const server = open.use(new DnsServer({ clock, log: silentLog, limits }))
  const [tcp, udp] = [await openTcp(), await openUdp()]
  open.defer(() => void tcp.close())
  open.defer(() => void udp.close())
  const whole: Audience = { name: 'vpc-1', specFor: onlyGuest, ...audience }
  server.serveTcp(whole, tcp)
  server.serveUdp(whole, udp)
  return { udp: portOf(udp), tcp: portOf(tcp) }
}

async function other(say: (packet: Packet, protocol: 'udp' | 'tcp') => Packet | undefined) {
  const server = open.use(await OtherServer.open(say))
  return { server, askOthers: askResolvers([{ address: '127.0.0.1', port: server.port }], seededRandom('dns'), 150) }
}

const texts = (packet: Packet, data: readonly string[]): Packet => ({
  type: 'response',
  id: packet.id ?? 0,
  questions: packet.questions ?? [],
  answers: data.map((it) => ({ type: 'TXT', name: 'example.com', ttl: 30, data: it })),
  additionals: [option()],
})
const codeOf = (bytes: Buffer | undefined) => (bytes ? bytes[3]! & 0xf : undefined)

it('answers its guest over UDP and TCP, several questions on one connection, and nobody else', async () => {
  const port = await serve({})
  expect(decode((await overUdp(port.udp, ask(privateName)))!).answers).toMatchObject([{ data: '172.31.1.172' }])
  const heard = await overTcp(port.tcp, [ask(privateName), ask('nobody.us-west-2.compute.internal')])
  expect(heard.map(codeOf)).toEqual([0, 3])
  expect(await overUdp(port.udp, ask(privateName), '127.0.0.2', 200)).toBeUndefined()
})

it("hands others' answers on, keeps them as long as they hold, and counts that time", async () => {
  const { server, askOthers } = await other((it) => texts(it, ['one']))
  const port = await serve({ askOthers })
  const name = 'eXample.com'
  const first = decode((await overUdp(port.udp, ask(name, 'TXT')))!)
  expect(first).toMatchObject({
    id: 4711,
    flag_ra: true,
    questions: [{ name }],
    answers: [{ ttl: 30 }],
    additionals: [],
  })
  await clock.advance(12_000)
  const later = decode((await overUdp(port.udp, ask('example.COM', 'TXT', { additionals: [option()] })))!)
  expect(later).toMatchObject({
    questions: [{ name: 'example.COM' }],
    answers: [{ ttl: 18 }],
    additionals: [{ type: 'OPT' }],
  })
  expect(server.asked).toHaveLength(1)
  await clock.advance(18_000)
  await overUdp(port.udp, ask(name, 'TXT'))
  expect(server.asked).toHaveLength(2)
})

it('asks each time with another id, and does not believe an answer to something else', async () => {
  let calls = 0
  const { server, askOthers } = await other((it) => {
    calls += 1
    return calls === 1 ? { ...texts(it, ['forged']), id: ((it.id ?? 0) + 1) & 0xffff } : texts(it, ['true'])
  })
  const port = await serve({ askOthers })
  const said = decode((await overUdp(port.udp, ask('example.com', 'TXT'), '127.0.0.1', 4_000))!)
  expect(said.answers?.map((it) => 'data' in it && String(it.data))).toEqual(['true'])
  expect(server.asked[0]?.id).not.toBe(server.asked[1]?.id)
})

it('tells who takes less to come again over TCP, and gets there what was cut', async () => {
  const long = Array.from({ length: 12 }, (_, at) => `${at}`.repeat(100).slice(0, 100))
  const { askOthers } = await other((it, protocol) =>
    protocol === 'tcp' ? texts(it, long) : { ...texts(it, []), flags: 0x200 },
  )
  const port = await serve({ askOthers })
  const cut = decode((await overUdp(port.udp, ask('example.com', 'TXT')))!)
  expect(cut).toMatchObject({ flag_tc: true, answers: [] })
  const [whole] = await overTcp(port.tcp, [ask('example.com', 'TXT')])
  expect(decode(whole!).answers).toHaveLength(12)
})

it('says SERVFAIL where others are silent or there are none, and REFUSED where it asks nobody', async () => {
  const { askOthers } = await other(() => undefined)
  const port = await serve({ askOthers })
  expect(codeOf(await overUdp(port.udp, ask('example.com'), '127.0.0.1', 8_000))).toBe(2)
  const alone = await serve({ askOthers: askResolvers([], seededRandom('dns')) })
  expect(codeOf(await overUdp(alone.udp, ask('example.com')))).toBe(2)
  const outside = await serve({})
  expect(codeOf(await overUdp(outside.udp, ask('example.com')))).toBe(5)
})

it('asks others only for who wants recursion', async () => {
  const { server, askOthers } = await other((it) => texts(it, ['one']))
  const port = await serve({ askOthers })
  expect(codeOf(await overUdp(port.udp, ask('example.com', 'TXT', { flags: 0 })))).toBe(5)
  expect(server.asked).toEqual([])
})

it('is silent to who asks more than its share, until time has passed', async () => {
  const port = await serve({}, { ...usualDnsLimits, perSecond: 2 })
  for (const wanted of [true, true, false])
    expect((await overUdp(port.udp, ask(privateName), '127.0.0.1', wanted ? 2_000 : 200)) !== undefined).toBe(wanted)
  await clock.advance(1_000)
  expect(await overUdp(port.udp, ask(privateName))).toBeDefined()
})

it('has others asked for one guest only so much at a time', async () => {
  const { askOthers } = await other(() => undefined)
  const port = await serve({ askOthers }, { ...usualDnsLimits, waiting: 1 })
  const first = overUdp(port.udp, ask('a.example.com'), '127.0.0.1', 8_000)
  const second = await overUdp(port.udp, ask('b.example.com'), '127.0.0.1', 1_000)
  expect(codeOf(second)).toBe(2)
  expect(codeOf(await first)).toBe(2)
})

it('ends a connection that sends no question', async () => {
  const port = await serve({})
  expect(await overTcp(port.tcp, [Buffer.alloc(9000, 0xff)])).toEqual([])
  expect(await overUdp(port.udp, ask(privateName))).toBeDefined()
})

it('takes no more connections of one guest than it may have', async () => {
  const port = await serve({}, { ...usualDnsLimits, connections: 0 })
  await expect(overTcp(port.tcp, [ask(privateName)])).resolves.toEqual([])
})
