/** Which drivers a host of the box has: the real ones, or the fakes. */
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { HypervisorDriver, Parking } from '../../drivers/hypervisor/driver.ts'
import type { NetworkDriver } from '../../drivers/network/driver.ts'
import type { StorageDriver } from '../../drivers/storage/driver.ts'
import type { VolumeDriver } from '../../drivers/volumes/driver.ts'
import { readAccelerator } from '../accelerator.ts'
import { boxOf } from '../box.ts'
import { hostsOf, type Paths, type Settings } from '../settings.ts'

export interface HostDrivers {
  readonly hypervisor: HypervisorDriver
  readonly network: NetworkDriver
  readonly storage: StorageDriver
  readonly volumes: VolumeDriver
}

export interface Drivers {
  readonly accelerator: 'kvm' | 'tcg' | 'none'
  /** Room for disks. */
  diskGiB(): Promise<number>
  forHost(host: string, home: string): Promise<HostDrivers>
  /** Machines that domains of all hosts are woken from. */
  readonly parking?: Parking
}

/** Where none is given, the one that was chosen at the first start. */
export async function openDrivers(
  paths: Paths,
  settings: Settings,
  log: Log,
  given?: Drivers['accelerator'],
): Promise<Drivers> {
  const accelerator = given ?? (await readAccelerator(paths, settings)).accelerator
  return {
    accelerator,
    ...(accelerator === 'none'
      ? { forHost: await fakeDrivers() }
      : {
          forHost: await realDrivers(paths, settings, accelerator, log),
          ...(settings.waking !== false && { parking: await openParking(paths, settings, accelerator, log) }),
        }),
    async diskGiB() {
      const { bavail, bsize } = await statfs(paths.data)
      return Math.floor((bavail * bsize) / 2 ** 30)
    },
  }
}

/** Nothing boots, and everything is remembered where a driver would find it. */
async function fakeDrivers(): Promise<Drivers['forHost']> {
  const { openFakeHypervisor } = await import('../../drivers/hypervisor/fake/fake.ts')
  const { FakeWorld } = await import('../../drivers/hypervisor/fake/world.ts')
  const { FakeNetwork } = await import('../../drivers/network/fake/fake.ts')
  const { FakeStorage } = await import('../../drivers/storage/fake/fake.ts')
  const { FakeVolumes } = await import('../../drivers/volumes/fake/fake.ts')
  return async (_host, home) => ({
    hypervisor: openFakeHypervisor({ clock: systemClock, world: new FakeWorld(join(home, 'domains.json')) }),
    network: new FakeNetwork(),
    storage: new FakeStorage(),
    volumes: new FakeVolumes(),
  })
}

async function openParking(paths: Paths, settings: Settings, accelerator: 'kvm' | 'tcg', log: Log): Promise<Parking> {
  const { openGround } = await import('../../drivers/hypervisor/qemu/qemu.ts')
  const { openLot } = await import('../../drivers/hypervisor/qemu/parking/lot.ts')
  const { LayeredStorage } = await import('../../drivers/storage/layers/layers.ts')
  await mkdir(paths.parked, { recursive: true, mode: 0o755 })
  const ground = await openGround({ accelerator, clock: systemClock, log: log.child({ part: 'parking' }) })
  const storage = new LayeredStorage({ folder: paths.parked, images: paths.images })
  return await openLot({ folder: paths.parked, ground, storage, namespace: `${settings.name}-parking` })
}

async function realDrivers(
  paths: Paths,
  settings: Settings,
  accelerator: 'kvm' | 'tcg',
  log: Log,
): Promise<Drivers['forHost']> {
  const { openQemu } = await import('../../drivers/hypervisor/qemu/qemu.ts')
  const { LinuxNetwork } = await import('../../drivers/network/linux/driver.ts')
  const { edgePlace, hostPlace } = await import('../../drivers/network/box/layout.ts')
  const { LayeredStorage } = await import('../../drivers/storage/layers/layers.ts')
  const { Keyring } = await import('../../drivers/volumes/qemu/keys.ts')
  const { SnapshotStore } = await import('../../drivers/volumes/qemu/snapshots.ts')
  const { openQemuVolumes } = await import('../../drivers/volumes/qemu/volumes.ts')
  const keys = new Keyring(paths.volumeKeys)
  const store = new SnapshotStore({ keys, folder: paths.snapshots, volumes: paths.volumes })
  const box = boxOf(settings)
  const edges = new Set(
    hostsOf(settings)
      .filter((it) => it.isEdge)
      .map((it) => it.id),
  )
  return async (host, home) => {
    const place = edges.has(host)
      ? { underlay: edgePlace(box), edge: edgePlace(box) }
      : { underlay: hostPlace(box, host) }
    return {
      hypervisor: await openQemu({
        dataDir: join(home, 'domains'),
        accelerator,
        clock: systemClock,
        log: log.child({ host }),
      }),
      network: new LinuxNetwork({ cloud: settings.name, host, ...place }),
      storage: new LayeredStorage({ folder: home, images: paths.images }),
      volumes: await openQemuVolumes({
        host,
        volumes: paths.volumes,
        store,
        keys,
        images: paths.images,
        clock: systemClock,
        log: log.child({ host }),
      }),
    }
  }
}
