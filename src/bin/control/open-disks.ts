/** Wires imports and exports: this cloud's object store or another, its images, its snapshots. */
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { exists } from '../../base/files.ts'
import type { Log } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import type { ReadObject } from '../../control/images/bundle-images.ts'
import { uefiFirmware } from '../../drivers/hypervisor/qemu/arguments.ts'
import { Keyring } from '../../drivers/volumes/qemu/keys.ts'
import { SnapshotStore } from '../../drivers/volumes/qemu/snapshots.ts'
import { describedIn } from '../../images/image-folder.ts'
import { DiskTasks } from '../../images/import/disk-tasks.ts'
import { tinyRecipe } from '../../images/tiny.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Blobs } from '../../s3/blobs.ts'
import { type Elsewhere, writeElsewhere } from '../../s3/elsewhere.ts'
import { writeObject } from '../../s3/writer.ts'
import type { Store } from '../../store/store.ts'
import type { Paths } from '../settings.ts'
import { bytesOf, DiskService, type DiskServiceParts } from './disk-service.ts'
import { imageIdOf } from './image-offers.ts'

/** As `cumulet image import` has it where nothing else is said. */
const largestGiB = 64

/** Whether guests can be started by UEFI here. */
export function hasUefi(): Promise<boolean> {
  return exists(uefiFirmware)
}

interface Parts {
  readonly store: Store
  readonly blobs: Blobs
  /** Where an account's objects are, and by which keys, if not in the store. */
  readonly elsewhere: ((account: AccountId) => Promise<Elsewhere>) | undefined
  readonly read: ReadObject
  readonly paths: Paths
  readonly log: Log
}

export function openDisks({ store, blobs, elsewhere, read, paths, log }: Parts): DiskService {
  const now = () => systemClock.now()
  const snapshots = new SnapshotStore({
    ...{ folder: paths.snapshots, volumes: paths.volumes },
    keys: new Keyring(paths.volumeKeys),
  })
  const lender = async () => {
    const folder = join(paths.images, imageIdOf(await tinyRecipe()))
    const image = await describedIn(folder)
    if (!image) throw new Fault('it has no kernel, and there is none to lend')
    return { folder, image }
  }
  const write: DiskServiceParts['write'] = async (account, at, file, abort) =>
    elsewhere
      ? writeElsewhere(await elsewhere(account), at, file, { now: now(), abort })
      : writeObject({ store, blobs, random: systemRandom, now }, account, at, () => bytesOf(file, abort))
  return new DiskService({
    tasks: new DiskTasks({
      ...{ folder: paths.images, lender, largestGiB, clock: systemClock, log },
      hasUefi,
    }),
    ...{ read, write, folder: paths.images },
    snapshotFile: (id) => snapshots.plainFileOf(snapshots.layerOf(id)),
  })
}
