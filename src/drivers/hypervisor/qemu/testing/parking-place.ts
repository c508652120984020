/** A host with room for parked machines, on real guests: for tests. */
import { randomInt, randomUUID } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../../../base/clock.ts'
import { silentLog } from '../../../../base/log.ts'
import { hex, systemRandom } from '../../../../base/random.ts'
import { run } from '../../../../base/subprocess.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { numberOfDomain, userOfStandby } from '../../../../model/domain-user.ts'
import type { DomainId } from '../../../../model/ids.ts'
import { Heirs } from '../../../heirs.ts'
import type { StorageDriver } from '../../../storage/driver.ts'
import { LayeredStorage } from '../../../storage/layers/layers.ts'
import type { Parking } from '../../driver.ts'
import { openLot } from '../parking/lot.ts'
import { openGround, openQemu, type QemuDriver } from '../qemu.ts'
import { buildTestGuest } from './guest.ts'

const never = new AbortController().signal
export const image = 'ami-1'
/** Waits that are for guests which never answer last no longer than this. */
const quickClock: Clock = { now: systemClock.now, sleep: (ms, abort) => systemClock.sleep(Math.min(ms, 3000), abort) }

export class ParkingPlace implements AsyncDisposable {
  readonly folder: string
  readonly namespace = `park-${randomInt(1e9)}`
  readonly heirs: Heirs
  readonly storage: LayeredStorage
  readonly driver: QemuDriver
  /** The one that was opened last. */
  lot!: Parking
  #last = 0

  static async open(): Promise<ParkingPlace> {
    const folder = await mkdtemp(join(tmpdir(), 'park-'))
    const images = join(folder, 'images')
    const guest = await buildTestGuest()
    await mkdir(join(images, image), { recursive: true })
    await copyFile(guest.kernel, join(images, image, 'vmlinuz'))
    await copyFile(guest.ramdisk, join(images, image, 'initrd'))
    await writeFile(join(images, image, 'root.img'), Buffer.alloc(2 ** 20))
    for (const it of [folder, images, join(images, image)]) await run('chmod', ['755', it])
    const heirs = new Heirs()
    const options = { accelerator: 'tcg', clock: quickClock, log: silentLog, userOf: heirs.userOf } as const
    const place = new ParkingPlace(folder, heirs, await openQemu({ dataDir: join(folder, 'domains'), ...options }))
    await run('ip', ['netns', 'add', place.namespace])
    place.lot = await place.openLot()
    return place
  }

  private constructor(folder: string, heirs: Heirs, driver: QemuDriver) {
    this.folder = folder
    this.heirs = heirs
    this.driver = driver
    this.storage = new LayeredStorage({ folder, images: join(folder, 'images'), userOf: heirs.userOf })
  }

  get lotNamespace(): string {
    return `${this.namespace}-lot`
  }

  /** What another process would open: in the same folder, or in one of its own. */
  async openLot(name = 'parked', change: Partial<StorageDriver> = {}): Promise<Parking> {
    const folder = join(this.folder, name)
    await mkdir(folder, { recursive: true })
    const userOf = (id: DomainId) => userOfStandby(numberOfDomain(id))
    const storage = Object.assign(new LayeredStorage({ folder, images: join(this.folder, 'images'), userOf }), change)
    const ground = await openGround({ accelerator: 'tcg', clock: systemClock, log: silentLog, userOf })
    const standbys = { heirs: this.heirs, most: 1, rehearsal: () => 'rehearsal=yes\nip=192.0.2.2\n' }
    return await openLot({ folder, ground, storage, namespace: this.lotNamespace, standbys })
  }

  newSpec(): DomainSpec {
    return specOf(++this.#last)
  }

  get bootFiles() {
    const images = join(this.folder, 'images', image)
    return { kernel: join(images, 'vmlinuz'), ramdisk: join(images, 'initrd') }
  }

  async saidBy(id: DomainId): Promise<string> {
    return (await this.driver.console(id, 65536)).toString()
  }

  says(id: DomainId, text: RegExp): Promise<RegExpExecArray> {
    return until(async () => text.exec(await this.saidBy(id)) ?? undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lot?.[Symbol.asyncDispose]()
    for (const { id } of await this.driver.list(never)) await this.driver.forget(id, never)
    await this.driver[Symbol.asyncDispose]()
    await run('ip', ['netns', 'del', this.namespace])
    await rm(this.folder, { recursive: true, force: true })
  }
}

export function specOf(number: number, more: Partial<DomainSpec> = {}): DomainSpec {
  const disk = { name: 'sda1', serial: 'sda1', kind: 'root', image, file: 'root.img', sizeMiB: 8 } as const
  const commandLine = 'console=ttyS0 quiet panic=5 cryptomgr.notests cumulet.parks cumulet.rehearses'
  return {
    ...{ id: `dom_${number}`, instance: `i-${hex(systemRandom, 17)}`, uuid: `ec2${randomUUID().slice(3)}` },
    ...{ power: 'on', graceMs: 1000, begun: false, reboots: 0, vcpus: 1, memoryMiB: 128, cpuQuotaCores: 1 },
    ...{ cpuWeight: 100, boot: { image, kernel: 'vmlinuz', ramdisk: 'initrd', commandLine }, disks: [disk] },
    vifs: [{ id: `eni-${number}`, mac: `02:00:00:00:${hex(systemRandom, 2)}:${hex(systemRandom, 2)}` }],
    ...more,
  }
}

export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await systemClock.sleep(50)
  }
}
