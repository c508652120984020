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

export const baseNode = 'base'

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

/** All that a volume is made of, whatever the files themselves say that they lie over. A volume's own have names, those of snapshots have none. */
export function chainNode({ layers, base, below, folder, isSealed }: Chain): object {
  const [top, ...rest] = layers
  if (top === undefined) throw new Fault('there is nothing to serve')
  const lower = [
    ...rest.map((it) => ({ file: layerFile(folder, it), name: { 'node-name': nodeOf(it) } })),
    ...(base === undefined ? [] : [{ file: base, name: { 'node-name': baseNode } }]),
    ...below.map((file) => ({ file, name: {} })),
  ]
  return { ...layerNode(layerFile(folder, top), top, isSealed), backing: backingNode(lower, isSealed) }
}

export interface Chain {
  /** Of the volume's own folder, the highest first. */
  readonly layers: readonly number[]
  readonly folder: string
  /** The file in which the volume has, or shall have, what it began as. */
  readonly base?: string
  /** Files of snapshots that they lie over, the highest first. */
  readonly below: readonly string[]
  readonly isSealed: boolean
}

function backingNode(
  [first, ...rest]: readonly { readonly file: string; readonly name: object }[],
  isSealed: boolean,
): object | null {
  if (first === undefined) return null
  return {
    driver: 'qcow2',
    ...first.name,
    'read-only': true,
    // Read-only as the layer is, and no longer than that: a merge writes to the lowest.
    file: { driver: 'file', filename: first.file },
    ...(isSealed && { encrypt: sealedBy }),
    backing: backingNode(rest, isSealed),
  }
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
