/**
 * Volumes that come and go while the guest runs. The device and the block node of a volume are called by its id.
 * Source: QEMU QMP Reference Manual 7.2, device_add, device_del, blockdev-add; docs/pcie.txt, "Hot-plug".
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../../../base/fault.ts'
import type { VolumeId } from '../../../model/ids.ts'
import type { Qmp } from '../../qemu/qmp.ts'
import type { PluggedVolume, VolumeWiring } from '../driver.ts'

/** How long the guest's requests wait for a volume whose server is away, before they fail. */
const reconnectSeconds = 600
/** A server is there before its domain is told; on a busy machine a moment later. */
const openSeconds = 10
const longestSerial = 20
/** A guest that listens takes a tenth of a second (measured); QEMU asks again after five. Source: QEMU 7.2, hw/acpi/pcihp.c (pending_deleted_expires_ms). */
const ejectMs = 6_000

export function volumeNode({ volume, socket, export: name }: VolumeWiring): object {
  return {
    driver: 'nbd',
    'node-name': volume,
    server: { type: 'unix', path: socket },
    export: name,
    discard: 'unmap',
    'reconnect-delay': reconnectSeconds,
    'open-timeout': openSeconds,
  }
}

export function volumeDevice({ volume, serial, slot }: VolumeWiring): object {
  if (serial.length === 0 || serial.length > longestSerial) throw new Fault(`not a disk's serial number: "${serial}"`)
  if (slot < 1 || slot > 31) throw new Fault(`there is no slot ${slot}`)
  const place = { bus: 'disks', addr: `0x${slot.toString(16)}` }
  const errors = { werror: 'report', rerror: 'report' }
  return { driver: 'virtio-blk-pci', id: volume, drive: volume, serial, 'disable-legacy': 'on', ...place, ...errors }
}

/** The volumes that are plugged in, with the size that the guest sees; those with a node and no device by half. */
export async function pluggedVolumes(qmp: Qmp, abort: AbortSignal): Promise<PluggedVolume[]> {
  const devices = await qmp.execute('qom-list', { path: '/machine/peripheral' }, { abort })
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true }, { abort })
  const sizes = new Map(nodes.map((it) => [it['node-name'], it.image['virtual-size']]))
  const seen = new Set(devices.map((it) => it.name))
  return [...new Set([...seen, ...sizes.keys()])].filter(isVolume).map((volume) => {
    const sizeMiB = Math.floor((sizes.get(volume) ?? 0) / 2 ** 20)
    return seen.has(volume) ? { volume, sizeMiB } : { volume, sizeMiB, half: true }
  })
}

function isVolume(name: string): name is VolumeId {
  return name.startsWith('vol-')
}

/** Plugs the volume in. Resolves at once if it is. */
export async function plugVolume(qmp: Qmp, wiring: VolumeWiring, abort: AbortSignal): Promise<void> {
  const timeoutMs = 1000 * (openSeconds + 5)
  if (!(await hasNode(qmp, wiring.volume))) await qmp.execute('blockdev-add', volumeNode(wiring), { timeoutMs, abort })
  if (!(await hasDevice(qmp, wiring.volume))) await qmp.execute('device_add', volumeDevice(wiring), { abort })
}

/** Asks the guest to let the volume go, and takes it away once it has. Throws if it has not for some seconds: it may later. */
export async function unplugVolume(qmp: Qmp, volume: VolumeId, abort: AbortSignal): Promise<void> {
  if (await hasDevice(qmp, volume)) {
    // Asked a second time before the guest has answered, QEMU refuses: what counts is whether it goes.
    const refused = await qmp.execute('device_del', { id: volume }, { abort }).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!(await isEjected(qmp, volume, abort)))
      throw new Fault(`the guest does not let ${volume} go`, { cause: refused })
  }
  if (await hasNode(qmp, volume)) await removeNode(qmp, volume, abort)
}

/**
 * Closing a node flushes it, and where its server is away, as after a detachment by force, the whole machine stands still until
 * that has failed. So the connection is cut before. What the guest has flushed is on the server's disk by then.
 * Source: QEMU QMP Reference Manual 7.2, yank; block/nbd.c (nbd_yank).
 */
async function removeNode(qmp: Qmp, volume: VolumeId, abort: AbortSignal): Promise<void> {
  await qmp.execute('yank', { instances: [{ type: 'block-node', 'node-name': volume }] }, { abort })
  await qmp.execute('blockdev-del', { 'node-name': volume }, { abort })
}

/**
 * Lets the guest see the volume's new size. The server has it already; QEMU hears of it when it connects again, which it does for a
 * request alone: so it reads a sector.
 * Source: QEMU 7.2, block/nbd.c (nbd_co_send_request, nbd_co_truncate).
 */
export async function resizeVolume(qmp: Qmp, volume: VolumeId, sizeMiB: number, abort: AbortSignal): Promise<void> {
  await qmp.execute('human-monitor-command', { 'command-line': `qemu-io ${volume} "read 0 512"` }, { abort })
  await qmp.execute('block_resize', { 'node-name': volume, size: sizeMiB * 2 ** 20 }, { abort })
}

async function isEjected(qmp: Qmp, volume: VolumeId, abort: AbortSignal): Promise<boolean> {
  const stepMs = 20
  for (let waited = 0; waited < ejectMs; waited += stepMs) {
    if (!(await hasDevice(qmp, volume))) return true
    await delay(stepMs, undefined, { signal: abort })
  }
  return false
}

async function hasDevice(qmp: Qmp, volume: VolumeId): Promise<boolean> {
  const devices = await qmp.execute('qom-list', { path: '/machine/peripheral' })
  return devices.some((it) => it.name === volume)
}

async function hasNode(qmp: Qmp, volume: VolumeId): Promise<boolean> {
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true })
  return nodes.some((it) => it['node-name'] === volume)
}
