/** What comes here from other regions of the cloud: read where they keep it, as files of this machine. */
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../base/files.ts'
import type { Arrivals } from '../../control/snapshots/source.ts'
import { Keyring } from '../../drivers/volumes/qemu/keys.ts'
import { SnapshotStore } from '../../drivers/volumes/qemu/snapshots.ts'
import { exportDisk } from '../../images/export.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { otherRegion, type Place } from '../joining.ts'

export function openArrivals(place: Place): Arrivals {
  const folder = (id: SnapshotId) => join(place.paths.images, id)
  return {
    async fetch({ region, snapshot }, id, abort) {
      const from = await otherRegion(place, region)
      if (!from) return false
      if (place.settings.hypervisor === 'fake') return true // No disk has anything.
      const target = join(folder(id), 'root.img')
      if (await exists(target)) return true
      const snapshots = snapshotsOf(from)
      if (!snapshots.has(snapshot)) return false
      // Once it is open, it may go: whoever reads a layer reads on.
      const file = await snapshots.plainFileOf(snapshots.layerOf(snapshot))
      await exportDisk({ file, format: 'qcow2' }, target, 'RAW', abort)
      await chmod(target, 0o644)
      return true
    },
    clear: (id) => rm(folder(id), { recursive: true, force: true }),
  }
}

function snapshotsOf({ paths }: Place): SnapshotStore {
  return new SnapshotStore({
    ...{ folder: paths.snapshots, volumes: paths.volumes },
    keys: new Keyring(paths.volumeKeys),
  })
}
