/**
 * NICs that come to a machine that runs, and leave it. A NIC's device bears the id of its vif, and QEMU's list of devices is
 * the truth: nothing of it is written down.
 */
import { closeSync } from 'node:fs'
import type { Clock } from '../../../base/clock.ts'
import { Fault } from '../../../base/fault.ts'
import { inside } from '../../../base/network-namespace.ts'
import { openTap } from '../../../base/tap.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import { type InterfaceId, isId } from '../../../model/ids.ts'
import type { TapPoint } from '../../network/driver.ts'
import type { Control } from '../../qemu/control.ts'
import type { Qmp } from '../../qemu/qmp.ts'
import { givenBackend, nicBackend, nicDevice, nicNet } from './arguments.ts'

/** QEMU asks a guest once and takes no second request for 5 s. Source: QEMU 7.2, hw/acpi/pcihp.c (pending_deleted_expires_ms). */
const letGoMs = 6_000

/** The vifs that are plugged into the machine, at boot or since. */
export async function pluggedNics(qmp: Qmp, abort: AbortSignal): Promise<InterfaceId[]> {
  const devices = await qmp.execute('qom-list', { path: '/machine/peripheral' }, { abort })
  return devices.map((it) => it.name).filter((it) => isId('network-interface', it))
}

/**
 * Plugs a NIC in, unless it is there. What is left of an attempt that died goes first. The process is in the tap's namespace, or cannot
 * open it itself and is given it open.
 */
export async function plugNic(
  qmp: Qmp,
  { id, mac }: DomainSpec['vifs'][number],
  { tap, from }: { tap: TapPoint; from: 'inside' | 'elsewhere' },
  abort: AbortSignal,
): Promise<void> {
  if ((await pluggedNics(qmp, abort)).includes(id)) return
  await dropBackend(qmp, id, abort)
  if (from === 'elsewhere') await giveTap(qmp, id, tap, abort)
  await qmp.execute('netdev_add', from === 'inside' ? nicBackend(id, tap) : givenBackend(id), { abort })
  await qmp.execute('device_add', { ...nicDevice(id, mac), bus: 'nics' }, { abort })
}

/** Unplugs a NIC, if it is there, once the guest has let go of it. Throws where the guest does not. */
export async function unplugNic(
  { qmp, control, clock }: { qmp: Qmp; control: Control; clock: Clock },
  id: InterfaceId,
  abort: AbortSignal,
): Promise<void> {
  if ((await pluggedNics(qmp, abort)).includes(id)) {
    using gone = control.expect('DEVICE_DELETED', (data) => isNamed(data, id))
    await qmp.execute('device_del', { id }, { abort })
    await letGo(gone.seen, id, clock, abort)
  }
  await dropBackend(qmp, id, abort)
}

async function giveTap(qmp: Qmp, id: InterfaceId, tap: TapPoint, abort: AbortSignal): Promise<void> {
  const descriptor = inside(tap.namespace, () => openTap(tap.tap, 'with virtio header')) // As QEMU opens one itself.
  try {
    await qmp.give(nicNet(id), descriptor, abort)
  } finally {
    closeSync(descriptor)
  }
}

async function letGo(gone: Promise<unknown>, id: InterfaceId, clock: Clock, abort: AbortSignal): Promise<void> {
  const enough = new AbortController()
  const late = clock.sleep(letGoMs, AbortSignal.any([abort, enough.signal])).then(() => {
    throw new Fault(`the guest does not let go of ${id}`)
  })
  try {
    await Promise.race([gone, late])
  } finally {
    enough.abort()
    late.catch(() => {}) // It lost the race.
  }
}

async function dropBackend(qmp: Qmp, id: InterfaceId, abort: AbortSignal): Promise<void> {
  try {
    await qmp.execute('netdev_del', { id: nicNet(id) }, { abort })
  } catch (error) {
    abort.throwIfAborted()
    if (!(error instanceof Fault)) throw error // QEMU refuses where there is none, and there should be none.
  }
}

function isNamed(data: unknown, id: InterfaceId): boolean {
  return typeof data === 'object' && data !== null && 'device' in data && data.device === id
}
