/**
 * Arguments of a volume's server, and what it is told while it runs: pure functions.
 * Source: qemu-storage-daemon(1), QEMU Storage Daemon QMP Reference Manual, 7.2.
 */
import type { VolumeLimits } from '../../../host-api/volumes.ts'
import { secretObject } from './keys.ts'

export const exportName = 'volume'
/** The throttle group in the server. */
export const limitsObject = 'limits'

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
    ...(isSealed && { encrypt }),
  }
}

const encrypt = { format: 'luks', 'key-secret': secretObject }

/** What a layer lies over, where it is encrypted and so cannot be opened by its name alone. From the next layer down. */
export function backingNode([file, ...below]: readonly string[]): object | null {
  if (file === undefined) return null
  const storage = { driver: 'file', filename: file, 'read-only': true }
  return { driver: 'qcow2', 'read-only': true, file: storage, encrypt, backing: backingNode(below) }
}

/** Large requests count as several. Source: EBS User Guide, "Amazon EBS I/O characteristics": 256 KiB on SSD. */
const operationBytes = 256 * 1024

export function throttleLimits({ operations, bytes }: VolumeLimits): object {
  return { 'iops-total': operations, 'iops-size': operationBytes, 'bps-total': bytes }
}

/** What lets through no more than the limits, and is what guests see. */
export function limitedNode(layer: number): object {
  return { driver: 'throttle', 'node-name': 'limited', 'throttle-group': limitsObject, file: nodeOf(layer) }
}

export const exported = { type: 'nbd', id: 'export', 'node-name': 'limited', name: exportName, writable: true }

/** Everything after `qemu-storage-daemon`: one that has no volume yet, and listens at `nbdFd`. Whatever is secret it is told later. */
export function serverArguments(
  limits: VolumeLimits,
  fds: { readonly control: number; readonly nbd: number },
): string[] {
  const group = { 'qom-type': 'throttle-group', id: limitsObject, limits: throttleLimits(limits) }
  return [
    ...['--object', JSON.stringify(group)],
    ...['--chardev', `socket,id=control,fd=${fds.control},server=on,wait=off`, '--monitor', 'chardev=control'],
    ...['--nbd-server', `addr.type=fd,addr.str=${fds.nbd}`],
  ]
}
