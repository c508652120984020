/**
 * QEMU's arguments: one pure function for each device. The same for every accelerator but for the processor.
 * Source: qemu-system-x86_64(1), 7.2; options that are new since are not used.
 */
import { Fault } from '../../../base/fault.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import type { InterfaceId } from '../../../model/ids.ts'
import type { TapPoint } from '../../network/driver.ts'
import type { BlockNode } from '../../storage/driver.ts'
import type { DomainWiring, VolumeWiring } from '../driver.ts'
import { pathOf } from './parking/memory.ts'
import { volumeDevice, volumeNode } from './volumes.ts'

export type Accelerator = 'kvm' | 'tcg'

export interface Machine {
  readonly spec: DomainSpec
  readonly wiring: DomainWiring
  readonly accelerator: Accelerator
  /** Number of the file descriptor that listens for the control connection. */
  readonly controlFd: number
  readonly parking?: ParkingArguments
}

/** Of a machine that is to be parked, or to be woken as a copy of one that was: both are the same but for these. */
export interface ParkingArguments {
  readonly role: 'park' | 'wake'
  /** Number of the file descriptor of its memory. */
  readonly memoryFd: number
}

/** Everything after `qemu-system-x86_64`. The machine waits to be told to run. */
export function qemuArguments({ spec, wiring, accelerator, controlFd, parking }: Machine): string[] {
  if (wiring.taps.length !== spec.vifs.length || wiring.disks.length !== spec.disks.length) {
    throw new Fault(`${spec.id}: the wiring does not fit the spec`)
  }
  return [
    ...processArguments(spec),
    ...boardArguments(),
    ...acceleratorArguments(accelerator, spec.memoryMiB),
    ...(parking ? parkingArguments(parking, spec.memoryMiB) : memoryArguments(spec.memoryMiB)),
    ...['-smp', `cpus=${spec.vcpus},sockets=1,cores=${spec.vcpus},threads=1`],
    ...identityArguments(spec),
    ...bootArguments(wiring, spec.boot),
    ...consoleArguments(),
    ...controlArguments(controlFd),
    ...entropyArguments(),
    ...wiring.disks.flatMap(diskArguments),
    // Counted above. One that is woken gets the others before it goes on.
    ...(parking ? wiring.taps.slice(0, 1) : wiring.taps).flatMap((tap, index) => nicArguments(tap, spec.vifs[index]!)),
    ...hotPlugArguments(),
    ...(wiring.volumes ?? []).flatMap(volumeArguments),
  ]
}

/** Nothing that was not asked for, no system call that a machine does not need, and no start before the word. */
function processArguments(spec: DomainSpec): string[] {
  const sandbox = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'
  return [
    ...['-name', spec.instance, '-sandbox', sandbox, '-msg', 'timestamp=on'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    // A guest that powered itself off is still there to be found, whoever was away meanwhile.
    '-no-shutdown',
  ]
}

/**
 * Devices of a PC that no guest of a cloud looks for, and a hostile one would: a start takes as long with them as without
 * (measured). The old timer and interrupt controller stay: without them, and held back to a quarter of a core, one start in
 * three of Linux 6.1 panicked ("IO-APIC + timer doesn't work"). No microvm board: it starts no sooner, and not every kernel.
 */
const withoutDevices = ['sata', 'usb', 'smbus', 'i8042', 'vmport', 'smm', 'graphics'] as const

export function boardArguments(): string[] {
  const options = withoutDevices.map((it) => `${it}=off`).join(',')
  return ['-machine', `q35,${options},dump-guest-core=off,memory-backend=ram`]
}

export function acceleratorArguments(accelerator: Accelerator, memoryMiB: number): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host']
  return ['-accel', `tcg,thread=multi,tb-size=${translationMiB(memoryMiB)}`, '-cpu', 'max']
}

/**
 * What TCG may keep of translated code, all of which a start fills. QEMU's own default, an eighth of the host's memory, would let one
 * small guest take a gigabyte. Measured: Linux starts about a tenth slower with 16 MiB than with 128, 32 is between them; and twenty
 * of 136 MiB that wake take a quarter longer with 17 than with 32.
 */
export function translationMiB(memoryMiB: number): number {
  const ofSmall = Math.min(32, Math.round(memoryMiB / 6))
  return Math.min(512, Math.max(16, ofSmall, Math.round(memoryMiB / 8)))
}

export function memoryArguments(memoryMiB: number): string[] {
  return [
    '-m',
    `${memoryMiB}M`,
    '-object',
    json({ 'qom-type': 'memory-backend-ram', id: 'ram', size: memoryMiB * 2 ** 20 }),
  ]
}

/**
 * Memory in a file, so that it is there already where a machine is woken: what the copy changes is its own.
 * Source: QEMU 7.2, qapi/qom.json (MemoryBackendFileProperties); qapi/migration.json (x-ignore-shared).
 */
function parkingArguments({ role, memoryFd }: ParkingArguments, memoryMiB: number): string[] {
  const file = { 'mem-path': pathOf(memoryFd), share: role === 'park' }
  const memory = { 'qom-type': 'memory-backend-file', id: 'ram', size: memoryMiB * 2 ** 20, ...file }
  return ['-m', `${memoryMiB}M`, '-object', json(memory), ...(role === 'wake' ? ['-incoming', 'defer'] : [])]
}

/**
 * What the guest's firmware says that it is.
 * Source: EC2 User Guide, "Detect whether a host is an EC2 instance" (system UUID, vendor, and the board's asset tag).
 */
function identityArguments({ uuid, instance }: DomainSpec): string[] {
  if (!/^[0-9a-f-]{36}$/.test(uuid)) throw new Fault(`not a UUID: ${uuid}`)
  if (!/^i-[0-9a-f]+$/.test(instance)) throw new Fault(`not an instance id: ${instance}`)
  const manufacturer = 'manufacturer=Amazon EC2'
  return [
    ...['-smbios', `type=1,${manufacturer},product=Cumulet,uuid=${uuid},serial=${uuid}`],
    ...['-smbios', `type=2,${manufacturer},asset=${instance}`],
  ]
}

/**
 * UEFI without a place for its variables, which it then keeps in memory: a boot loader is found by its fallback name.
 * Source: Debian, ovmf/README.Debian; UEFI 2.10, 3.5.1.1 ("Removable Media Boot Behavior").
 */
export const uefiFirmware = '/usr/share/ovmf/OVMF.fd'

function bootArguments({ kernel, ramdisk }: DomainWiring, { commandLine, firmware }: DomainSpec['boot']): string[] {
  if (kernel === undefined) return firmware === 'uefi' ? ['-bios', uefiFirmware] : []
  return ['-kernel', kernel, ...(ramdisk === undefined ? [] : ['-initrd', ramdisk]), '-append', commandLine]
}

export const consoleDevice = 'console'
/** A power of two, as QEMU wants it. */
export const consoleBufferBytes = 128 * 1024

/** The serial port writes into a ring in QEMU's memory: a guest that never stops writing fills no disk, whether or not anybody reads. */
function consoleArguments(): string[] {
  return [
    ...['-chardev', `ringbuf,id=${consoleDevice},size=${consoleBufferBytes}`],
    ...['-serial', `chardev:${consoleDevice}`],
  ]
}

function controlArguments(fd: number): string[] {
  return ['-chardev', `socket,id=control,fd=${fd},server=on,wait=off`, '-mon', 'chardev=control,mode=control']
}

/** Feeds the guest's random numbers from the host's, from the first moment. */
function entropyArguments(): string[] {
  const device = { driver: 'virtio-rng-pci', rng: 'entropy', 'disable-legacy': 'on' }
  return ['-object', json({ 'qom-type': 'rng-builtin', id: 'entropy' }), '-device', json(device)]
}

/** Longer serial numbers do not fit into virtio's. Source: virtio 1.1, 5.2.6.1 (VIRTIO_BLK_T_GET_ID): 20 bytes. */
const longestSerial = 20

/** Goes through the page cache, honours the guest's flushes, and gives space back that the guest frees or zeroes. */
export function diskArguments({ file, format, serial }: BlockNode, index: number): string[] {
  if (serial.length === 0 || serial.length > longestSerial) throw new Fault(`not a disk's serial number: "${serial}"`)
  const cache = { direct: false, 'no-flush': false }
  const storage = {
    driver: 'file',
    filename: file,
    aio: 'threads',
    discard: 'unmap',
    cache,
    'node-name': `file${index}`,
  }
  const content = {
    driver: format,
    file: `file${index}`,
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    'node-name': `disk${index}`,
  }
  // A host without space shows as an error in the guest: a machine that silently stands still helps nobody.
  const errors = { werror: 'report', rerror: 'report' }
  const device = { driver: 'virtio-blk-pci', drive: `disk${index}`, serial, 'disable-legacy': 'on', ...errors }
  return ['-blockdev', json(storage), '-blockdev', json({ ...content, cache }), '-device', json(device)]
}

export function nicArguments(tap: TapPoint, { id, mac }: DomainSpec['vifs'][number]): string[] {
  return ['-netdev', json(nicBackend(id, tap)), '-device', json(nicDevice(id, mac))]
}

/** The tap's end of a NIC: `-netdev`, or `netdev_add` while the machine runs. */
export function nicBackend(id: InterfaceId, { tap }: TapPoint): object {
  if (!/^[\w.-]{1,15}$/.test(tap)) throw new Fault(`not the name of a tap: ${tap}`)
  return { type: 'tap', id: nicNet(id), ifname: tap, script: 'no', downscript: 'no', vhost: false }
}

/** The same by a descriptor that the process was given by the netdev's name. */
export function givenBackend(id: InterfaceId): object {
  return { type: 'tap', id: nicNet(id), fd: nicNet(id), vhost: false }
}

/** The guest's end: `-device`, or `device_add`. It bears the id of the vif. */
export function nicDevice(id: InterfaceId, mac: string): object {
  return { driver: 'virtio-net-pci', id, netdev: nicNet(id), mac, romfile: '', 'disable-legacy': 'on' }
}

export function nicNet(id: InterfaceId): string {
  return `net-${id}`
}

/**
 * Buses for what comes while the guest runs, by what they are for: each has slots 1 to 31 (`bus=disks,addr=0x5`).
 * Bridges to plain PCI, whose slots ACPI announces to the guest: a device is there 13 to 40 ms after it was plugged, gone 85 to
 * 140 ms after it was asked for. One root port for each device instead made every start 0.6 s longer (32 ports, TCG).
 * Source: QEMU, docs/pcie.txt, "PCI Express to PCI bridge"; ACPI hot-plug of bridges is on by default since 6.1.
 */
export const hotPlugBuses = ['disks', 'nics'] as const

function hotPlugArguments(): string[] {
  return hotPlugBuses.flatMap((id) => ['-device', json({ driver: 'pcie-pci-bridge', id })])
}

/** A volume that the guest has from the start, where it would have come later. */
function volumeArguments(volume: VolumeWiring): string[] {
  return ['-blockdev', json(volumeNode(volume)), '-device', json(volumeDevice(volume))]
}

/** QEMU takes an option as JSON too: nothing in a path needs quoting then. */
function json(value: object): string {
  return JSON.stringify(value)
}
