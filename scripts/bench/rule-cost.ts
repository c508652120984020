/**
 * What rules cost a packet at the kernel's own speed: the same two guests on a bare bridge, behind a router with one rule, and
 * behind one with a thousand rules and a thousand members; in turn.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { everythingOut, groupSpec, open, router, vif } from '../../src/drivers/network/linux/testing/specs.ts'
import type { RouterSpec, RuleSpec } from '../../src/host-api/spec.ts'
import { type Summary, summarize } from './statistics.ts'
import { inside, type Wired, WiredWorld, wireToBridge } from './wired-world.ts'

export interface RuleCost {
  /** Of one TCP connection. */
  readonly gigabits: Readonly<Record<Way, Summary>>
  /** UDP datagrams of 64 bytes that arrived, a second. */
  readonly datagrams: Readonly<Record<Way, Summary>>
}

export type Way = 'bridge' | 'one' | 'many'

export interface RuleCostOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  readonly abort: AbortSignal
}

/** iperf3's own port. */
const port = 5201
const count = 1000
const seconds = 2
const vifs = [vif(1), vif(2)]
/** Both protocols, at the port of the measurement, from everywhere. */
const letIn: readonly RuleSpec[] = [open(port), { ...open(port), protocol: 17 }]
const ways = ['bridge', 'one', 'many'] as const

export async function measureRuleCost({ rounds, say, abort }: RuleCostOptions): Promise<RuleCost> {
  await using stack = new AsyncDisposableStack()
  const one = stack.use(await WiredWorld.raise())
  const many = stack.use(await WiredWorld.raise())
  const pairs = {
    bridge: await wireToBridge(stack),
    one: await one.wire('h1', withRules(0), vifs),
    many: await many.wire('h1', withRules(count), vifs),
  }
  const gigabits = { bridge: [] as number[], one: [] as number[], many: [] as number[] }
  const datagrams = { bridge: [] as number[], one: [] as number[], many: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    for (const way of ways) {
      abort.throwIfAborted()
      const tcp = await iperf(pairs[way], [])
      const udp = await iperf(pairs[way], ['--udp', '--bitrate', '0', '--length', '64'])
      if (round === 0) continue // It warms up.
      gigabits[way].push(tcp.bits_per_second / 1e9)
      datagrams[way].push((udp.packets - udp.lost_packets) / udp.seconds)
    }
    say(`rules, round ${round}: ${ways.map((it) => gigabits[it].at(-1)?.toFixed(1) ?? '-').join(', ')} Gbit/s`)
  }
  return { gigabits: summaries(gigabits), datagrams: summaries(datagrams) }
}

function summaries(all: Readonly<Record<Way, number[]>>): Record<Way, Summary> {
  return { bridge: summarize(all.bridge), one: summarize(all.one), many: summarize(all.many) }
}

/** So many rules more than the measurement needs, each of another port and network, and so many strange members. */
function withRules(more: number): RouterSpec {
  const others = Array.from({ length: more }, (_, index) => index)
  const rules = others.map((it) => open(10_000 + it, `10.${it >> 8}.${it & 255}.0/24`))
  const fromGroup: readonly RuleSpec[] = more > 0 ? [{ ...open(9999), peer: { group: groupSpec(vifs, []).id } }] : []
  const group = groupSpec(vifs, [...rules, ...fromGroup, ...letIn, ...everythingOut])
  const strangers = others.map((it) => `172.31.${4 + (it >> 8)}.${it & 255}`)
  return router(vifs, { groups: [{ ...group, members: [...group.members, ...strangers] }] })
}

interface Stream {
  readonly bits_per_second: number
  readonly packets: number
  readonly lost_packets: number
  readonly seconds: number
}

async function iperf([from, to]: readonly Wired[], args: readonly string[]): Promise<Stream> {
  if (!from || !to) throw new Error('two guests are needed')
  const serve = ['iperf3', '--server', '--one-off', '--forceflush']
  const server = spawn('nsenter', [`--net=/run/netns/${to.namespace}`, ...serve], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(server, 'exit')
  try {
    for await (const line of createInterface(server.stdout)) if (line.includes('listening')) break
    server.stdout.resume()
    const ask = ['iperf3', '--json', '--client', to.address, '--time', String(seconds), ...args]
    const { end } = JSON.parse(await inside(from.namespace, ask)) as {
      end: { sum_received?: Stream; sum: Stream }
    }
    return args.includes('--udp') ? end.sum : (end.sum_received ?? end.sum)
  } finally {
    server.kill()
    await ended
  }
}
