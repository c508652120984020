/** What a file that somebody calls a disk is, from its own bytes. Never asked of QEMU, which would try every driver that it has. */
import { Fault } from '../../base/fault.ts'

export const diskFormats = ['raw', 'qcow2', 'vmdk', 'vhd'] as const
export type DiskFormat = (typeof diskFormats)[number]

/** As QEMU calls the driver. */
export const driverOf = { raw: 'raw', qcow2: 'qcow2', vmdk: 'vmdk', vhd: 'vpc' } as const satisfies Record<
  DiskFormat,
  string
>

export interface Ends {
  /** The first 64 KiB, or all there is. */
  readonly head: Buffer
  /** The last 512 bytes. */
  readonly tail: Buffer
}

/**
 * The format that the file says it has; raw where it says nothing. Refuses what would lead to other files: a backing file, an
 * external data file, extents elsewhere, a parent. All of it is in the first bytes, and none is left to QEMU to find.
 */
export function diskFormatOf({ head, tail }: Ends): DiskFormat {
  if (head.toString('latin1', 0, 4) === 'QFI\xfb') return checkQcow2(head)
  if (head.toString('latin1', 0, 4) === 'KDMV') return checkVmdk(head)
  if (tail.toString('latin1', 0, 8) === 'conectix') return checkVhd(tail)
  if (/^# *Disk DescriptorFile/i.test(head.toString('latin1', 0, 64)))
    throw new Fault('it is a VMDK in several files: this one only names the others. Make one file of them first.')
  for (const [mark, name] of foreign)
    if (head.toString('latin1', 0, mark.length) === mark) throw new Fault(`it is ${name}, which is not taken`)
  return 'raw'
}

/** Marks of formats that QEMU knows and that are not taken. Source: QEMU, block/*.c. */
const foreign = [
  ['vhdxfile', 'a VHDX'],
  ['QED\0', 'a QED'],
  ['COWD', 'a VMDK of ESX 3'],
  ['<<< ', 'a VDI'],
  ['WithoutFreeSpace', 'a Parallels disk'],
  ['WithouFreSpacExt', 'a Parallels disk'],
] as const

/** Source: QEMU, docs/interop/qcow2.txt, "Header". */
function checkQcow2(head: Buffer): DiskFormat {
  if (head.length < 104) throw new Fault('it is a qcow2 that ends in its header')
  const version = head.readUInt32BE(4)
  if (version !== 2 && version !== 3) throw new Fault(`it is a qcow2 of version ${version}`)
  if (head.readBigUInt64BE(8) !== 0n || head.readUInt32BE(16) !== 0)
    throw new Fault('it is a qcow2 with a backing file')
  if (head.readUInt32BE(32) !== 0) throw new Fault('it is an encrypted qcow2')
  if (version === 3) checkQcow2Features(head.readBigUInt64BE(72))
  checkQcow2Extensions(head, version === 2 ? 72 : head.readUInt32BE(100))
  return 'qcow2'
}

const dirty = 1n << 0n
const externalData = 1n << 2n
const compressionType = 1n << 3n
const extendedEntries = 1n << 4n

function checkQcow2Features(incompatible: bigint): void {
  if ((incompatible & externalData) !== 0n) throw new Fault('it is a qcow2 with an external data file')
  const unknown = incompatible & ~(dirty | compressionType | extendedEntries)
  if (unknown !== 0n) throw new Fault(`it is a qcow2 that is damaged or needs what is not known here (${unknown})`)
}

/** Each has a type and a length, and fills up to 8 bytes. Type 0 ends them. */
function checkQcow2Extensions(head: Buffer, start: number): void {
  for (let at = start; at + 8 <= head.length; ) {
    const type = head.readUInt32BE(at)
    if (type === 0) return
    if (type === 0xe2792aca) throw new Fault('it is a qcow2 with a backing file')
    if (type === 0x44415441) throw new Fault('it is a qcow2 with an external data file')
    if (type === 0x0537be77) throw new Fault('it is an encrypted qcow2')
    at += 8 + Math.ceil(head.readUInt32BE(at + 4) / 8) * 8
  }
  throw new Fault('it is a qcow2 whose header does not end')
}

/**
 * One file with a header and its own description. Without a capacity QEMU takes that description for a list of files.
 * Source: QEMU, block/vmdk.c (VMDK4Header, vmdk_open_vmdk4); VMware, "Virtual Disk Format 5.0".
 */
function checkVmdk(head: Buffer): DiskFormat {
  if (head.length < 512) throw new Fault('it is a VMDK that ends in its header')
  if (head.readBigUInt64LE(12) === 0n) throw new Fault('it is a VMDK without a size, which only names other files')
  const at = Number(head.readBigUInt64LE(28)) * 512
  const size = Number(head.readBigUInt64LE(36)) * 512
  if (at === 0) return 'vmdk'
  if (at + size > head.length) throw new Fault('it is a VMDK whose description is not at its beginning')
  const description = head.toString('latin1', at, at + size)
  if (/parentFileNameHint/i.test(description) || !/^parentCID *= *f{8}\s*$/im.test(description))
    throw new Fault('it is a VMDK with a parent')
  return 'vmdk'
}

/** Source: Microsoft, "Virtual Hard Disk Image Format Specification", disk type: 2 fixed, 3 dynamic, 4 differencing. */
function checkVhd(tail: Buffer): DiskFormat {
  const type = tail.readUInt32BE(60)
  if (type === 4) throw new Fault('it is a VHD with a parent')
  if (type !== 2 && type !== 3) throw new Fault(`it is a VHD of the unknown type ${type}`)
  return 'vhd'
}
