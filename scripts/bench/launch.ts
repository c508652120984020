/** What a launch takes until its guest answers, stage by stage, beside a bare QEMU that boots the same; in turn. */
import { join } from 'node:path'
import { Fault } from '../../src/base/fault.ts'
import { readAccelerator } from '../../src/bin/accelerator.ts'
import { type Paths, requireSettings } from '../../src/bin/settings.ts'
import { buildTinyImage } from '../../src/images/tiny.ts'
import { instanceType, scaled } from '../../src/model/instance-types.ts'
import { BareGuest, type BareMachine } from './bare-guest.ts'
import { RealCloud } from './real-cloud.ts'
import type { Times } from './stages.ts'
import { type Summary, summarize } from './statistics.ts'

export interface LaunchResult {
  readonly type: string
  readonly memoryMiB: number
  readonly accelerator: string
  /** Of guests that boot; since the request was sent. */
  readonly cloud: readonly Times[]
  /** Of guests that wake. */
  readonly woken: readonly Times[]
  /** Of guests that stood by. */
  readonly ready: readonly Times[]
  /** Since QEMU was started. */
  readonly bare: readonly Times[]
  readonly many?: Many
}

/** Several guests at once: milliseconds until each of them answered. */
export interface Many {
  readonly count: number
  /** One of them stood by, and the others woke. */
  readonly cloudMs: Summary
  /** As many stood by. */
  readonly readyMs: Summary
  readonly bareMs: Summary
}

export interface LaunchOptions {
  readonly rounds: number
  /** How many are launched at once at the end; 0: none. */
  readonly many: number
  readonly say: (text: string) => void
  readonly abort: AbortSignal
}

const type = 'm1.small'
const root = join(import.meta.dirname, '..', '..')

export async function measureLaunch({ rounds, many, say, abort }: LaunchOptions): Promise<LaunchResult> {
  await using real = await RealCloud.start(abort)
  const machine = await bareMachine(real.paths, abort)
  const cloud: Times[] = []
  const woken: Times[] = []
  const ready: Times[] = []
  const bare: Times[] = []
  await real.launchOne(type) // Templates of disks are made at the first launch on a host.
  for (let round = 1; round <= rounds; round++) {
    await real.hasStandby()
    await real.forgetParked()
    cloud.push(await real.launchOne(type))
    await real.hasStandby()
    await real.forgetStandby()
    woken.push(await real.launchOne(type))
    await real.hasStandby()
    ready.push(await real.launchOne(type))
    await real.hasStandby()
    bare.push(await launchBare(machine, abort))
    const [booted, awake, stood, floor] = [cloud, woken, ready, bare].map((it) => it.at(-1)?.banner?.toFixed(0))
    say(`launch ${round}: SSH after ${booted} ms, woken ${awake} ms, stood by ${stood} ms, bare ${floor} ms`)
  }
  const { memoryMiB, accelerator } = machine
  const together = many > 0 ? { many: await launchTogether({ real, machine, abort }, many) } : {}
  return { type, memoryMiB, accelerator, cloud, woken, ready, bare, ...together }
}

export async function bareMachine(paths: Paths, abort: AbortSignal): Promise<BareMachine> {
  const settings = await requireSettings(paths)
  const { accelerator } = await readAccelerator(paths, settings)
  const found = instanceType(type)
  if (accelerator === 'none' || !found) throw new Fault('there is nothing to boot')
  const folder = join(root, '.cache', 'images', 'tiny')
  const places = { cacheDir: join(root, '.cache', 'packages'), outDir: folder }
  const image = await buildTinyImage({ ...places, progress: () => {}, abort })
  return { accelerator, memoryMiB: scaled(found, settings.scale).memoryMiB, image, folder }
}

async function launchBare(machine: BareMachine, abort: AbortSignal): Promise<Times> {
  await using guest = await BareGuest.prepare(machine)
  return await guest.launch(abort)
}

async function launchTogether(
  { real, machine, abort }: { real: RealCloud; machine: BareMachine; abort: AbortSignal },
  count: number,
): Promise<Many> {
  await real.hasStandby()
  const cloudMs = summarize(await real.launchMany(type, count))
  await real.allowStandbys(count)
  await real.launchOne(type)
  await real.hasStandby(count)
  const readyMs = summarize(await real.launchMany(type, count))
  await using guests = new AsyncDisposableStack()
  const prepared: BareGuest[] = []
  for (let index = 0; index < count; index++) prepared.push(guests.use(await BareGuest.prepare(machine)))
  const bare = await Promise.all(prepared.map((it) => it.launch(abort, count)))
  return { count, cloudMs, readyMs, bareMs: summarize(bare.map((it) => it.banner ?? Number.NaN)) }
}
