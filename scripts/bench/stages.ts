/** The way of a launch, stage by stage: when each was reached, in milliseconds since the epoch or since some beginning. */
import { fileURLToPath } from 'node:url'
import { Fault } from '../../src/base/fault.ts'
import { run } from '../../src/base/subprocess.ts'

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
  { limitMs, everyMs, abort }: Patience,
): Promise<ReadonlyMap<string, number>> {
  const program = fileURLToPath(new URL('banner.ts', import.meta.url))
  const inside = [`--net=/run/netns/${namespace}`, process.execPath, '--no-warnings', program]
  const said = await run('nsenter', [...inside, String(limitMs), String(everyMs), ...addresses], {
    timeoutMs: limitMs + 10_000,
    abort,
  })
  const lines = said.trim().split('\n')
  return new Map(lines.map((line) => line.split(' ')).map(([address = '', at]) => [address, Number(at)]))
}

export function now(): number {
  return performance.timeOrigin + performance.now()
}
