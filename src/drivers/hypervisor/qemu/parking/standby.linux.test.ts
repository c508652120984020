import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isAlive } from '../../../../base/process.ts'
import { hex, systemRandom } from '../../../../base/random.ts'
import { run } from '../../../../base/subprocess.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { readRecord } from '../record.ts'
import { ParkingPlace, specOf, until } from '../testing/parking-place.ts'
import { nobody } from './identity.ts'

const never = new AbortController().signal

let place: ParkingPlace

beforeAll(async () => {
  place = await ParkingPlace.open()
})
afterAll(async () => await place?.[Symbol.asyncDispose]())

/** The process of the only one that stands by, which is waited for. */
async function standing() {
  const folder = join(place.folder, 'parked', 'standby')
  const isReady = (it: string) => existsSync(join(folder, it, 'standby.json'))
  const number = await until(async () => (await readdir(folder).catch(() => [])).find(isReady))
  return readRecord(join(folder, number))!.process! // It runs.
}

/** A domain that goes on as the machine that stands by, which is waited for. */
async function goOn(address: string): Promise<DomainSpec> {
  const { lot, heirs, storage, driver, namespace } = place
  const spec = place.newSpec()
  lot.prepare(spec)
  await standing()
  const standby = await until(() => lot.take(spec))
  expect(await lot.take(specOf(0))).toBeUndefined()
  await storage.adopt(spec.id, standby.disks, never)
  const from = heirs.tapFor(spec.id, spec.vifs[0]!.id)!
  const tap = `tap${spec.id.slice('dom_'.length)}`
  await run('ip', ['-n', from.namespace, 'link', 'set', from.tap, 'netns', namespace, 'name', tap])
  const disks = await storage.provide(spec.id, spec.disks, never)
  const wiring = { ...place.bootFiles, disks, taps: [{ namespace, tap }] }
  const identity = `seed=${hex(systemRandom, 128)}\nip=${address}\n`
  await driver.boot(spec, wiring, never, { standby, identity })
  return spec
}

it('becomes a domain of its own, also after a reboot', async () => {
  const randoms = new Set<string>()
  for (const address of ['10.9.8.1', '10.9.8.2']) {
    const spec = await goOn(address)
    const { id } = spec
    const [, ip, mac, uuid, instance, random] = await place.says(id, /guest: copy (\S+) (\S+) (\S+) (\S+) (\w{64})/)
    expect([ip, mac, uuid, instance]).toEqual([address, spec.vifs[0]?.mac, spec.uuid, spec.instance])
    expect(await place.saidBy(id)).toMatch(
      new RegExp(`system Amazon EC2 ${uuid}[^]*cumulet: parked\\s+guest: reseeded`),
    )
    randoms.add(random!)
    const { pid } = readRecord(join(place.folder, 'domains', id))!.process!
    expect((await stat(`/proc/${pid}`)).uid).toBe(place.heirs.userOf(id))
    expect(await readFile(`/proc/${pid}/cmdline`, 'latin1')).toContain(spec.instance)
    expect(await readFile(`/proc/${pid}/cmdline`, 'latin1')).not.toContain(nobody.uuid)
    await place.says(id, /guest: ready/)
    await place.driver.reboot(id, 1, 2000, never)
    await place.says(id, new RegExp(`ready[^]*system Amazon EC2 ${uuid} ${uuid} ${instance}[^]*nic ${mac}[^]*ready`))
    await place.driver.forget(id, never)
    place.lot.forget(id)
  }
  expect(randoms.size).toBe(2)
})

it('is given the tap of a second NIC, which it cannot open itself', async () => {
  const spec = await goOn('10.9.8.3')
  const { driver, namespace, heirs } = place
  const vif = { id: 'eni-22222222', mac: '02:00:00:00:00:99' } as const
  const user = `${heirs.userOf(spec.id)}`
  await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', 'second', 'mode', 'tap', 'user', user])
  await driver.plug(spec.id, vif, { namespace, tap: 'second' }, never)
  const vifs = async () => (await driver.list(never)).find((it) => it.id === spec.id)?.vifs
  expect(await vifs()).toEqual([spec.vifs[0]!.id, vif.id].sort())
  await place.says(spec.id, /guest: ready/)
  await driver.unplug(spec.id, vif.id, never)
  expect(await vifs()).toEqual([spec.vifs[0]!.id])
  await driver.forget(spec.id, never)
})

it('ends with the lot, or when the next one is opened after that has died', async () => {
  place.lot.prepare(specOf(0))
  const first = await standing()
  place.lot = await place.openLot()
  expect(isAlive(first)).toBe(false)
  expect(await run('ip', ['netns', 'list'])).not.toContain(place.lotNamespace)
  place.lot.prepare(specOf(0))
  const second = await standing()
  await place.lot[Symbol.asyncDispose]()
  expect(isAlive(second)).toBe(false)
  expect(await readdir(join(place.folder, 'parked', 'disks'))).toEqual([])
  place.lot = await place.openLot()
})

it('ends, and is taken for nothing, where somebody has deleted its folder', async () => {
  place.lot.prepare(specOf(0))
  const process = await standing()
  await rm(join(place.folder, 'parked', 'standby'), { recursive: true })
  expect(await place.lot.take(place.newSpec())).toBeUndefined()
  await until(async () => !isAlive(process) || undefined)
})
