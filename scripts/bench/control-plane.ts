/**
 * The control plane as `cumulet up` wires it, with hosts that boot nothing: the program that is measured. Started with an
 * IPC channel, the directory it may use and how many hosts each zone has; tells where it listens and with what key, and ends at SIGTERM.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openLog } from '../../src/base/log.ts'
import { placedHosts } from '../../src/bin/box.ts'
import { openControlPlane } from '../../src/bin/control/control-plane.ts'
import { ensureTinyImage } from '../../src/bin/control/tiny-image.ts'
import { cloudOf, pathsOf, settle } from '../../src/bin/settings.ts'
import { staySmall } from '../../src/bin/small.ts'
import { publicPool } from './region.ts'

export interface Serving {
  readonly port: number
  readonly region: string
  readonly image: string
  readonly agentsSocket: string
  readonly hosts: readonly string[]
  readonly credentials: { readonly accessKeyId: string; readonly secret: string }
}

const root = join(import.meta.dirname, '..', '..')
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

const [data = '', hostsPerZone = '1'] = process.argv.slice(2)
const paths = { ...pathsOf(data), cache: join(root, '.cache') }
for (const folder of [paths.logs, paths.run, paths.images]) await mkdir(folder, { recursive: true })
const settings = await settle(paths, {
  hypervisor: 'fake',
  port: 0,
  scale: 64,
  zones: ['a', 'b', 'c', 'd'],
})
const cloud = { ...cloudOf(settings, 'none'), publicPool }
/** More than one machine would be cut into. */
const boxHosts = placedHosts({ ...settings, hostsPerZone: Number(hostsPerZone) })
const control = await openControlPlane({ paths, settings, cloud, boxHosts, log: openLog({ file: paths.controlLog }) })
const image = await ensureTinyImage({ paths, settings, store: control.store, detail: () => {} }, stop.signal)
const { accessKeyId, secretAccessKey } = control.credentials
const serving: Serving = {
  port: control.listener.port,
  region: settings.region,
  image,
  agentsSocket: paths.agentsSocket,
  hosts: boxHosts.map((it) => it.id),
  credentials: { accessKeyId, secret: secretAccessKey },
}
process.send?.(serving)
await staySmall(stop.signal)
await control[Symbol.asyncDispose]()
process.exit()
