/**
 * Arguments of a volume's server, and what it is told while it runs: pure functions.
 * Source: qemu-storage-daemon(1), QEMU Storage Daemon QMP Reference Manual, 7.2.
 */
import type { VolumeLimits } from '../../../host-api/volumes.ts'

export const exportName = 'volume'
/** The throttle group in the server. */
export const limitsObject = 'limits'

export const nodeOf = (layer: number) => `layer${layer}`

/** The layer on top, without what it lies over: that is named in its file, by us. */
export function layerNode(file: string, layer: number): object {
  return {
    driver: 'qcow2',
    'node-name': nodeOf(layer),
    file: { driver: 'file', filename: file, aio: 'threads', discard: 'unmap' },
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    // Goes through the page cache and honours flushes: a flush by the guest is an fdatasync here.
    cache: { direct: false, 'no-flush': false },
  }
}

/** Large requests count as several. Source: EBS User Guide, "Amazon EBS I/O characteristics": 256 KiB on SSD. */
const operationBytes = 256 * 1024

export function throttleLimits({ operations, bytes }: VolumeLimits): object {
  return { 'iops-total': operations, 'iops-size': operationBytes, 'bps-total': bytes }
}

/** Everything after `qemu-storage-daemon`: one volume, served over the socket `nbdFd`. */
export function serverArguments(
  top: { readonly file: string; readonly layer: number },
  limits: VolumeLimits,
  fds: { readonly control: number; readonly nbd: number },
): string[] {
  const throttle = {
    driver: 'throttle',
    'node-name': 'limited',
    'throttle-group': limitsObject,
    file: nodeOf(top.layer),
  }
  return [
    ...['--object', json({ 'qom-type': 'throttle-group', id: limitsObject, limits: throttleLimits(limits) })],
    ...['--blockdev', json(layerNode(top.file, top.layer)), '--blockdev', json(throttle)],
    ...['--chardev', `socket,id=control,fd=${fds.control},server=on,wait=off`, '--monitor', 'chardev=control'],
    ...['--nbd-server', `addr.type=fd,addr.str=${fds.nbd}`],
    ...['--export', `type=nbd,id=export,node-name=limited,name=${exportName},writable=on`],
  ]
}

function json(value: object): string {
  return JSON.stringify(value)
}
