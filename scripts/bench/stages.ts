/** The way of a launch, stage by stage: when each was reached, in milliseconds since the epoch or since some beginning. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../src/base/fault.ts'

export const stages = {
  answered: 'RunInstances is answered',
  spec: 'the host has its new spec',
  disks: 'disks are there',
  router: 'the router is programmed',
  exec: 'QEMU is started',
  run: 'virtual CPUs run',
  kernel: 'the kernel starts',
  woken: 'the guest has woken',
  root: 'the first program has found the root disk',
  lease: 'it has its address',
  banner: 'SSH answers outside',
} as const

export type Stage = keyof typeof stages
export type Times = Partial<Record<Stage, number>>

/** `times` counted from `beginning`. */
export function since(beginning: number, times: Times): Times {
  return Object.fromEntries(Object.entries(times).map(([stage, at]) => [stage, at - beginning]))
}

/**
 * The guest's own stages. Its lines bear the seconds since its kernel began; that one about SSH comes when the banner is
 * there to be seen, so the others are reckoned back from it.
 */
export function guestTimes(console: string, banner: number): Times {
  const open = uptimeOf(console, 'SSH is open')
  if (open === undefined) throw new Fault('the console does not say that SSH is open')
  const kernel = banner - open
  const at = (stage: Stage, text: string): Times => {
    const uptime = uptimeOf(console, text)
    return uptime === undefined ? {} : { [stage]: kernel + uptime }
  }
  const woken = at('woken', 'woken')
  const booted = 'woken' in woken ? {} : { kernel, ...at('root', 'root disk') }
  return { ...woken, ...booted, ...at('lease', 'eth0: address'), banner }
}

/** Milliseconds since the guest's kernel began, at its line that starts with `text`. */
function uptimeOf(console: string, text: string): number | undefined {
  const seconds = new RegExp(`\\[([0-9.]+)\\] cumulet: ${text}`).exec(console)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

/** How long one waits for a banner, and how often one looks. */
export interface Patience {
  readonly limitMs: number
  readonly everyMs: number
  readonly abort: AbortSignal
}

/** Looking costs the guests time: more of them are looked at less often. */
export function patienceFor(count: number, abort: AbortSignal): Patience {
  return { limitMs: 60_000 + 20_000 * count, everyMs: 20 * count, abort }
}

/** When each address first showed a banner, asked from inside of a namespace; throws when one does not in time. */
export async function banners(
  namespace: string,
  addresses: readonly string[],
  patience: Patience,
): Promise<ReadonlyMap<string, number>> {
  await using lookout = await Lookout.open(namespace)
  return await lookout.see(addresses, patience)
}

/** A process that looks for banners: started before what it looks at, with which it would compete for the processors. */
export class Lookout implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  static async open(namespace: string): Promise<Lookout> {
    const program = fileURLToPath(new URL('banner.ts', import.meta.url))
    const inside = [`--net=/run/netns/${namespace}`, process.execPath, '--no-warnings', program]
    const lookout = new Lookout(spawn('nsenter', inside, { stdio: ['pipe', 'pipe', 'inherit'] }))
    await lookout.#lines.next()
    return lookout
  }

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  }

  async see(addresses: readonly string[], { limitMs, everyMs, abort }: Patience): Promise<ReadonlyMap<string, number>> {
    const end = () => this.#child.kill()
    abort.addEventListener('abort', end, { once: true })
    this.#child.stdin.end(`${[limitMs, everyMs, ...addresses].join(' ')}\n`)
    const seen = new Map<string, number>()
    for (let line = await this.#lines.next(); !line.done; line = await this.#lines.next()) {
      const [address = '', at] = line.value.split(' ')
      seen.set(address, Number(at))
    }
    abort.removeEventListener('abort', end)
    abort.throwIfAborted()
    const silent = addresses.filter((it) => !seen.has(it))
    if (silent.length > 0) throw new Fault(`no banner of ${silent.join(', ')}`)
    return seen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
  }
}

export function now(): number {
  return performance.timeOrigin + performance.now()
}
