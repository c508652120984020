import { randomInt, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../../../base/clock.ts'
import { silentLog } from '../../../../base/log.ts'
import { hex, systemRandom } from '../../../../base/random.ts'
import { run } from '../../../../base/subprocess.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { userOfDomain } from '../../../../model/domain-user.ts'
import type { DomainId } from '../../../../model/ids.ts'
import type { StorageDriver } from '../../../storage/driver.ts'
import { LayeredStorage } from '../../../storage/layers/layers.ts'
import type { ParkedMachine, Parking } from '../../driver.ts'
import { openGround, openQemu, type QemuDriver } from '../qemu.ts'
import { buildTestGuest } from '../testing/guest.ts'
import { openLot } from './lot.ts'

/** `CUMULET_COPIES=1000`: whether a thousand of them have a secret in common. */
const copies = Number(process.env['CUMULET_COPIES'] ?? 3)
const never = new AbortController().signal
const image = 'ami-1'
/** Waits that are for guests which never answer last no longer than this. */
const quickClock: Clock = { now: systemClock.now, sleep: (ms, abort) => systemClock.sleep(Math.min(ms, 3000), abort) }

let folder: string
let driver: QemuDriver
let storage: LayeredStorage
let lot: Parking
const namespace = `park-${randomInt(1e9)}`
const parkingNamespace = `${namespace}-lot`
let last = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'park-'))
  const images = join(folder, 'images')
  const guest = await buildTestGuest()
  await mkdir(join(images, image), { recursive: true })
  await copyFile(guest.kernel, join(images, image, 'vmlinuz'))
  await copyFile(guest.ramdisk, join(images, image, 'initrd'))
  await writeFile(join(images, image, 'root.img'), Buffer.alloc(2 ** 20))
  for (const it of [folder, images, join(images, image)]) await run('chmod', ['755', it])
  await run('ip', ['netns', 'add', namespace])
  const options = { accelerator: 'tcg', clock: quickClock, log: silentLog } as const
  driver = await openQemu({ dataDir: join(folder, 'domains'), ...options })
  storage = new LayeredStorage({ folder, images })
  lot = await openParking()
})

afterAll(async () => {
  await lot?.[Symbol.asyncDispose]()
  for (const { id } of (await driver?.list(never)) ?? []) await driver.forget(id, never)
  await driver?.[Symbol.asyncDispose]()
  await run('ip', ['netns', 'del', namespace])
  await rm(folder, { recursive: true, force: true })
})

async function openParking(name = 'parked', change: Partial<StorageDriver> = {}): Promise<Parking> {
  const parked = join(folder, name)
  await mkdir(parked, { recursive: true })
  const lots = Object.assign(new LayeredStorage({ folder: parked, images: join(folder, 'images') }), change)
  const ground = await openGround({ accelerator: 'tcg', clock: systemClock, log: silentLog })
  return await openLot({ folder: parked, ground, storage: lots, namespace: parkingNamespace })
}

function specOf(number: number, more: Partial<DomainSpec> = {}): DomainSpec {
  const disk = { name: 'sda1', serial: 'sda1', kind: 'root', image, file: 'root.img', sizeMiB: 8 } as const
  const commandLine = 'console=ttyS0 quiet panic=5 cryptomgr.notests cumulet.parks'
  return {
    ...{ id: `dom_${number}`, instance: `i-${hex(systemRandom, 17)}`, uuid: `ec2${randomUUID().slice(3)}` },
    ...{ power: 'on', graceMs: 1000, begun: false, reboots: 0, vcpus: 1, memoryMiB: 128, cpuQuotaCores: 1 },
    ...{ cpuWeight: 100, boot: { image, kernel: 'vmlinuz', ramdisk: 'initrd', commandLine }, disks: [disk] },
    vifs: [{ id: `eni-${number}`, mac: `02:00:00:00:${hex(systemRandom, 2)}:${hex(systemRandom, 2)}` }],
    ...more,
  }
}

async function parkedFor(spec: DomainSpec): Promise<ParkedMachine> {
  lot.prepare(spec)
  return await until(() => lot.find(spec))
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await systemClock.sleep(50)
  }
}

/** Starts a copy, which is told this address. */
async function wake(machine: ParkedMachine, address: string, change: Partial<ParkedMachine> = {}): Promise<DomainSpec> {
  const spec = specOf(++last)
  const tap = `tap${last}`
  await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap', 'user', `${userOfDomain(spec.id)}`])
  const disks = await storage.provide(spec.id, spec.disks, never, machine.root)
  expect(disks[0]?.untouched).toBe(machine.key)
  const images = join(folder, 'images', image)
  const wiring = { kernel: join(images, 'vmlinuz'), ramdisk: join(images, 'initrd'), disks, taps: [{ namespace, tap }] }
  const identity = `seed=${hex(systemRandom, 128)}\nip=${address}\n`
  await driver.boot(spec, wiring, never, { machine: { ...machine, ...change }, identity })
  return spec
}

const saidBy = async (id: DomainId) => (await driver.console(id, 65536)).toString()
const says = (id: DomainId, text: RegExp) => until(async () => text.exec(await saidBy(id)) ?? undefined)

it('wakes copies that are machines of their own, with nothing by chance in common', {
  timeout: 3_600_000,
}, async () => {
  const machine = await parkedFor(specOf(0))
  const seen = new Set<string>()
  for (let copy = 0; copy < copies; copy++) {
    const address = `10.0.${copy >> 8}.${copy & 255}`
    const spec = await wake(machine, address)
    const [, ip, mac, uuid, instance, random] = await says(spec.id, /guest: copy (\S+) (\S+) (\S+) (\S+) (\w{64})/)
    expect([ip, mac, uuid, instance]).toEqual([address, spec.vifs[0]?.mac, spec.uuid, spec.instance])
    expect(await saidBy(spec.id)).toContain('guest: reseeded')
    seen.add(random!)
    if (copy >= 1) await driver.forget(spec.id, never)
  }
  expect(seen.size).toBe(copies)
  expect(await lot.find(specOf(0, { memoryMiB: 136 }))).toBeUndefined()
  expect(await lot.find(specOf(0, { plugs: [{} as never] }))).toBeUndefined()
})

it('finds a machine again after a restart, and wakes from what the disk has of it', async () => {
  await lot[Symbol.asyncDispose]()
  lot = await openParking()
  const machine = (await lot.find(specOf(0)))!
  const spec = await wake(machine, '10.9.9.9')
  await says(spec.id, /guest: copy 10\.9\.9\.9[\s\S]*guest: ready/) // Then it hears the button.
  await driver.pressButton(spec.id, never)
  await until(async () => (await driver.list(never)).find((it) => it.id === spec.id && it.state === 'off'))
})

it('boots a copy that says nothing, and its console says so', async () => {
  const machine = (await lot.find(specOf(0)))!
  const spec = await wake(machine, '10.9.9.10', { marks: { memory: [], state: [] } })
  await says(spec.id, /has not woken within \d+ seconds: it boots[\s\S]*guest: ready/)
  expect(await saidBy(spec.id)).toContain(`guest: system Amazon EC2 ${spec.uuid}`)
})

it('refuses a state that does not fit, and leaves nothing of the attempt', async () => {
  const machine = (await lot.find(specOf(0)))!
  const torn = join(folder, 'torn')
  await writeFile(torn, Buffer.alloc(1000, 7))
  await expect(wake(machine, '10.9.9.11', { state: torn })).rejects.toThrow(/QEMU/)
  expect((await driver.list(never)).some((it) => it.id === `dom_${last}`)).toBe(false)
  expect(existsSync(join(folder, 'domains', `dom_${last}`))).toBe(false)
})

it('says what came of a machine that is parked in advance, and tries again when it is asked again', async () => {
  let isFull = true
  const { provide } = LayeredStorage.prototype
  await using warmed = await openParking('warmed', {
    async provide(...of) {
      if (isFull) throw new Error('no room')
      return await provide.apply(this as LayeredStorage, of)
    },
  })
  await expect(warmed.warm(specOf(0))).rejects.toThrow(/^a machine of ami-1 does not park, .*: no room$/)
  isFull = false
  warmed.prepare(specOf(0)) // By itself it does not try what has failed.
  expect(await Promise.all([warmed.warm(specOf(0)), warmed.warm(specOf(1))])).toEqual(['made', 'there'])
  expect(await warmed.find(specOf(2))).toBeDefined()
})

it('says why a machine cannot be parked', async () => {
  const { boot } = specOf(0)
  const { kernel: _, ...loader } = boot
  await expect(lot.warm(specOf(0, { boot: { ...boot, commandLine: 'quiet' } }))).rejects.toThrow('cumulet.parks')
  await expect(lot.warm(specOf(0, { boot: loader }))).rejects.toThrow('its own loader')
  await expect(lot.warm(specOf(0, { plugs: [{} as never] }))).rejects.toThrow('volumes')
})

it('gives up parking at once when it is closed, and leaves nothing', async () => {
  lot.prepare(specOf(0, { memoryMiB: 136 }))
  await until(async () => existsSync(join(folder, 'parked', 'making', 'domain', 'domain.json')) || undefined)
  await lot[Symbol.asyncDispose]()
  expect(existsSync(join(folder, 'parked', 'making'))).toBe(false)
  expect(await readdir(join(folder, 'parked', 'disks'))).toEqual([])
  expect(await run('ip', ['netns', 'list'])).not.toContain(parkingNamespace)
  lot = await openParking()
})
