/**
 * Arguments of a volume's server, and what it is told while it runs: pure functions.
 * Source: qemu-storage-daemon(1), QEMU Storage Daemon QMP Reference Manual, 7.2.
 */
import { Fault } from '../../../base/fault.ts'
import type { VolumeLimits } from '../../../host-api/volumes.ts'
import { sealedBy } from './keys.ts'
import { layerFile } from './layers.ts'

export const exportName = 'volume'
/** The throttle group in the server. */
export const limitsObject = 'limits'

/** What guests see. */
export const limitedName = 'limited'

export const nodeOf = (layer: number) => `layer${layer}`

/** The layer that is written to, without what it lies over: that is named in its file, by us. */
export function layerNode(file: string, layer: number, isSealed: boolean): object {
  return {
    driver: 'qcow2',
    'node-name': nodeOf(layer),
    file: { driver: 'file', filename: file, aio: 'threads', discard: 'unmap' },
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    // Goes through the page cache and honours flushes: a flush by the guest is an fdatasync here.
    cache: { direct: false, 'no-flush': false },
    ...(isSealed && { encrypt: sealedBy }),
  }
}

/** A layer and those below it. A volume's own have names; those of snapshots have none, and open by their names where nothing is encrypted. */
export function chainNode({ layers, below, folder, isSealed }: Chain): object {
  const [top, ...rest] = layers
  if (top === undefined) throw new Fault('there is nothing to serve')
  const lower = rest.map((it) => ({ file: layerFile(folder, it), name: { 'node-name': nodeOf(it) } }))
  const stored = isSealed ? below.map((file) => ({ file, name: {} })) : []
  const node = layerNode(layerFile(folder, top), top, isSealed)
  const backing = backingNode([...lower, ...stored], isSealed)
  return backing === undefined ? node : { ...node, backing }
}

export interface Chain {
  /** Of the volume's own folder, the highest first. */
  readonly layers: readonly number[]
  readonly folder: string
  /** Files of snapshots that they lie over, the highest first. */
  readonly below: readonly string[]
  readonly isSealed: boolean
}

/** Nothing where the rest opens by its names. */
function backingNode(
  [first, ...rest]: readonly { readonly file: string; readonly name: object }[],
  isSealed: boolean,
): object | null | undefined {
  if (first === undefined) return isSealed ? null : undefined
  const storage = { driver: 'file', filename: first.file, 'read-only': true }
  const backing = backingNode(rest, isSealed)
  const common = {
    driver: 'qcow2',
    ...first.name,
    'read-only': true,
    file: storage,
    ...(isSealed && { encrypt: sealedBy }),
  }
  return backing === undefined ? common : { ...common, backing }
}

/** Large requests count as several. Source: EBS User Guide, "Amazon EBS I/O characteristics": 256 KiB on SSD. */
const operationBytes = 256 * 1024

export function throttleLimits({ operations, bytes }: VolumeLimits): object {
  return { 'iops-total': operations, 'iops-size': operationBytes, 'bps-total': bytes }
}

/** What lets through no more than the limits, and is what guests see. */
export function limitedNode(layer: number): object {
  return { driver: 'throttle', 'node-name': limitedName, 'throttle-group': limitsObject, file: nodeOf(layer) }
}

export const exported = { type: 'nbd', id: 'export', 'node-name': limitedName, name: exportName, writable: true }

/**
 * Everything after `qemu-storage-daemon`: one that has no volume yet, and listens at `nbdFd`. Whatever is secret it is told later.
 * Whose it is stands among them for those who list processes: the daemon has no option for a name, and an identity that nothing
 * asks for is one.
 */
export function serverArguments(
  folder: string,
  limits: VolumeLimits,
  fds: { readonly control: number; readonly nbd: number },
): string[] {
  const owner = { 'qom-type': 'authz-simple', id: 'serves', identity: folder }
  const group = { 'qom-type': 'throttle-group', id: limitsObject, limits: throttleLimits(limits) }
  return [
    ...['--object', JSON.stringify(owner)],
    ...['--object', JSON.stringify(group)],
    ...['--chardev', `socket,id=control,fd=${fds.control},server=on,wait=off`, '--monitor', 'chardev=control'],
    ...['--nbd-server', `addr.type=fd,addr.str=${fds.nbd}`],
  ]
}
