/** Which drivers a host of the box has: the real ones, or the fakes. */
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { Heirs } from '../../drivers/heirs.ts'
import type { HypervisorDriver, Parking } from '../../drivers/hypervisor/driver.ts'
import type { NetworkDriver } from '../../drivers/network/driver.ts'
import type { StorageDriver } from '../../drivers/storage/driver.ts'
import type { VolumeDriver } from '../../drivers/volumes/driver.ts'
import { rehearsal } from '../../host/identity.ts'
import { numberOfDomain, userOfStandby } from '../../model/domain-user.ts'
import type { DomainId } from '../../model/ids.ts'
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
  const heirs = new Heirs(paths.heirs)
  return {
    accelerator,
    ...(accelerator === 'none'
      ? { forHost: await fakeDrivers() }
      : {
          forHost: await realDrivers({ paths, settings, accelerator, heirs, log }),
          ...(settings.waking !== false && {
            parking: await openParking({ paths, settings, accelerator, heirs, log }),
          }),
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

interface Surroundings {
  readonly paths: Paths
  readonly settings: Settings
  readonly accelerator: 'kvm' | 'tcg'
  readonly heirs: Heirs
  readonly log: Log
}

/** What is parked, and what stands by, belongs to users of its own. */
async function openParking({ paths, settings, accelerator, heirs, log }: Surroundings): Promise<Parking> {
  const { openGround } = await import('../../drivers/hypervisor/qemu/qemu.ts')
  const { openLot } = await import('../../drivers/hypervisor/qemu/parking/lot.ts')
  const { LayeredStorage } = await import('../../drivers/storage/layers/layers.ts')
  await mkdir(paths.parked, { recursive: true, mode: 0o755 })
  const userOf = (id: DomainId) => userOfStandby(numberOfDomain(id))
  const ground = await openGround({ accelerator, clock: systemClock, log: log.child({ part: 'parking' }), userOf })
  const storage = new LayeredStorage({ folder: paths.parked, images: paths.images, userOf })
  const most = settings.standbys ?? 1
  const page = () => rehearsal({ random: systemRandom, now: systemClock.now() })
  const standbys = { heirs, most, rehearsal: page }
  return await openLot({ folder: paths.parked, ground, storage, namespace: `${settings.name}-parking`, standbys })
}

async function realDrivers({ paths, settings, accelerator, heirs, log }: Surroundings): Promise<Drivers['forHost']> {
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
        userOf: heirs.userOf,
      }),
      network: new LinuxNetwork({ cloud: settings.name, host, ...place, heirs }),
      storage: new LayeredStorage({ folder: home, images: paths.images, userOf: heirs.userOf }),
      volumes: await openQemuVolumes({
        host,
        volumes: paths.volumes,
        store,
        keys,
        images: paths.images,
        clock: systemClock,
        log: log.child({ host }),
        userOf: heirs.userOf,
      }),
    }
  }
}
