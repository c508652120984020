import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hex, systemRandom } from '../../../../base/random.ts'
import { run } from '../../../../base/subprocess.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { userOfDomain } from '../../../../model/domain-user.ts'
import { LayeredStorage } from '../../../storage/layers/layers.ts'
import type { ParkedMachine } from '../../driver.ts'
import { ParkingPlace, specOf, until } from '../testing/parking-place.ts'

/** `CUMULET_COPIES=1000`: whether a thousand of them have a secret in common. */
const copies = Number(process.env['CUMULET_COPIES'] ?? 3)
const never = new AbortController().signal

let place: ParkingPlace

beforeAll(async () => {
  place = await ParkingPlace.open()
})
afterAll(async () => await place?.[Symbol.asyncDispose]())

async function parkedFor(spec: DomainSpec): Promise<ParkedMachine> {
  place.lot.prepare(spec)
  return await until(() => place.lot.find(spec))
}

/** Starts a copy, which is told this address. */
async function wake(
  machine: ParkedMachine,
  address: string,
  change: Partial<ParkedMachine> = {},
  spec = place.newSpec(),
): Promise<DomainSpec> {
  const { namespace, storage, driver } = place
  const tap = `tap${spec.id.slice('dom_'.length)}`
  await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap', 'user', `${userOfDomain(spec.id)}`])
  const disks = await storage.provide(spec.id, spec.disks, never, machine.root)
  expect(disks[0]?.untouched).toBe(machine.key)
  const wiring = { ...place.bootFiles, disks, taps: [{ namespace, tap }] }
  const identity = `seed=${hex(systemRandom, 128)}\nip=${address}\n`
  await driver.boot(spec, wiring, never, { machine: { ...machine, ...change }, identity })
  return spec
}

it('wakes copies that are machines of their own, with nothing by chance in common', {
  timeout: 3_600_000,
}, async () => {
  const machine = await parkedFor(specOf(0))
  const seen = new Set<string>()
  for (let copy = 0; copy < copies; copy++) {
    const address = `10.0.${copy >> 8}.${copy & 255}`
    const spec = await wake(machine, address)
    const [, ip, mac, uuid, instance, random] = await place.says(
      spec.id,
      /guest: copy (\S+) (\S+) (\S+) (\S+) (\w{64})/,
    )
    expect([ip, mac, uuid, instance]).toEqual([address, spec.vifs[0]?.mac, spec.uuid, spec.instance])
    expect(await place.saidBy(spec.id)).toContain('guest: reseeded')
    seen.add(random!)
    if (copy >= 1) await place.driver.forget(spec.id, never)
  }
  expect(seen.size).toBe(copies)
  expect(await place.lot.find(specOf(0, { memoryMiB: 136 }))).toBeUndefined()
  expect(await place.lot.find(specOf(0, { plugs: [{} as never] }))).toBeUndefined()
})

it('finds a machine again after a restart, and wakes from what the disk has of it', async () => {
  await place.lot[Symbol.asyncDispose]()
  place.lot = await place.openLot()
  const machine = (await place.lot.find(specOf(0)))!
  const spec = await wake(machine, '10.9.9.9')
  await place.says(spec.id, /guest: copy 10\.9\.9\.9[\s\S]*guest: ready/) // Then it hears the button.
  await place.driver.pressButton(spec.id, never)
  await until(async () => (await place.driver.list(never)).find((it) => it.id === spec.id && it.state === 'off'))
})

it('boots a copy that says nothing, and its console says so', async () => {
  const machine = (await place.lot.find(specOf(0)))!
  const spec = await wake(machine, '10.9.9.10', { marks: { memory: [], state: [] } })
  await place.says(spec.id, /has not woken within \d+ seconds: it boots[\s\S]*guest: ready/)
  expect(await place.saidBy(spec.id)).toContain(`guest: system Amazon EC2 ${spec.uuid}`)
})

it('refuses a state that does not fit, and leaves nothing of the attempt', async () => {
  const machine = (await place.lot.find(specOf(0)))!
  const torn = join(place.folder, 'torn')
  await writeFile(torn, Buffer.alloc(1000, 7))
  const spec = place.newSpec()
  await expect(wake(machine, '10.9.9.11', { state: torn }, spec)).rejects.toThrow(/QEMU/)
  expect((await place.driver.list(never)).some((it) => it.id === spec.id)).toBe(false)
  expect(existsSync(join(place.folder, 'domains', spec.id))).toBe(false)
})

it('says what came of a machine that is parked in advance, and tries again when it is asked again', async () => {
  let isFull = true
  const { provide } = LayeredStorage.prototype
  await using warmed = await place.openLot('warmed', {
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
  await expect(place.lot.warm(specOf(0, { boot: { ...boot, commandLine: 'quiet' } }))).rejects.toThrow('cumulet.parks')
  await expect(place.lot.warm(specOf(0, { boot: loader }))).rejects.toThrow('its own loader')
  await expect(place.lot.warm(specOf(0, { plugs: [{} as never] }))).rejects.toThrow('volumes')
})

it('gives up parking at once when it is closed, and leaves nothing', async () => {
  place.lot.prepare(specOf(0, { memoryMiB: 136 }))
  await until(async () => existsSync(join(place.folder, 'parked', 'making', 'domain', 'domain.json')) || undefined)
  await place.lot[Symbol.asyncDispose]()
  expect(existsSync(join(place.folder, 'parked', 'making'))).toBe(false)
  expect(await readdir(join(place.folder, 'parked', 'disks'))).toEqual([])
  expect(await run('ip', ['netns', 'list'])).not.toContain(place.lotNamespace)
  place.lot = await place.openLot()
})
