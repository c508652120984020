/** A process that has the driver of a place open, filling in slowly, until it is killed: `node mortal.ts DATA`. */
import { join } from 'node:path'
import { systemClock } from '../../../../base/clock.ts'
import { silentLog } from '../../../../base/log.ts'
import { Keyring } from '../keys.ts'
import { SnapshotStore } from '../snapshots.ts'
import { openQemuVolumes } from '../volumes.ts'

const data = process.argv[2] ?? ''
const [volumes, folder, images] = [join(data, 'volumes'), join(data, 'snapshots'), join(data, 'images')]
const keys = new Keyring(join(data, 'keys'))
const store = new SnapshotStore({ folder, volumes, keys })
await openQemuVolumes({
  ...{ host: 'a1', volumes, store, keys, images, clock: systemClock, log: silentLog },
  fillBytesPerSecond: 2 ** 20,
})
process.stdout.write('open\n')
setInterval(() => {}, 60_000)
