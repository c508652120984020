/** Which drivers a host of the box has: the real ones, or the fakes. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { HypervisorDriver } from '../../drivers/hypervisor/driver.ts'
import { openFakeHypervisor } from '../../drivers/hypervisor/fake/fake.ts'
import { openQemu } from '../../drivers/hypervisor/qemu/qemu.ts'
import { edgePlace, hostPlace } from '../../drivers/network/box/layout.ts'
import type { NetworkDriver } from '../../drivers/network/driver.ts'
import { FakeNetwork } from '../../drivers/network/fake/fake.ts'
import { LinuxNetwork } from '../../drivers/network/linux/driver.ts'
import type { StorageDriver } from '../../drivers/storage/driver.ts'
import { FakeStorage } from '../../drivers/storage/fake/fake.ts'
import { LayeredStorage } from '../../drivers/storage/layers/layers.ts'
import { readAccelerator } from '../accelerator.ts'
import { boxOf } from '../box.ts'
import { hostsOf, type Paths, type Settings } from '../settings.ts'

export interface HostDrivers {
  readonly hypervisor: HypervisorDriver
  readonly network: NetworkDriver
  readonly storage: StorageDriver
}

export interface Drivers {
  readonly accelerator: 'kvm' | 'tcg' | 'none'
  diskGiB(): Promise<number>
  forHost(host: string, home: string): Promise<HostDrivers>
}

export async function openDrivers(paths: Paths, settings: Settings, log: Log): Promise<Drivers> {
  const { accelerator } = await readAccelerator(paths, settings)
  const diskGiB = async () => {
    const { bavail, bsize } = await statfs(paths.data)
    return Math.floor((bavail * bsize) / 2 ** 30)
  }
  const forHost = accelerator === 'none' ? fakes() : real({ paths, settings, accelerator, log })
  return { accelerator, diskGiB, forHost }
}
