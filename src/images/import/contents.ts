/** What is on a raw disk, as far as its start says: a boot loader, or a bare file system. */
import { Fault } from '../../base/fault.ts'

export type Contents =
  | { readonly kind: 'whole-disk'; readonly firmware: 'bios' | 'uefi' }
  /** `uuid`: the file system's own. */
  | { readonly kind: 'ext4'; readonly uuid: string }

/** Bytes of a disk that `contentsOf` wants to see: the partition tables are in them. */
export const headBytes = 17 * 1024

/**
 * Refuses a disk that nothing could start from.
 * Source: Linux, Documentation/filesystems/ext4/super.rst (s_magic, s_uuid); UEFI 2.10, 5.2 and 5.3, for both tables.
 */
export function contentsOf(head: Buffer): Contents {
  if (head.length >= 2048 && head.readUInt16LE(1024 + 0x38) === 0xef53) {
    const id = head.toString('hex', 1024 + 0x68, 1024 + 0x78)
    return { kind: 'ext4', uuid: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') }
  }
  if (head.length < 512 || head.readUInt16LE(510) !== 0xaa55)
    throw new Fault('it has neither a boot sector nor an ext4 file system')
  const loads = head.subarray(0, 440).some((it) => it !== 0)
  if (!loads && !hasSystemPartition(head)) throw new Fault('it has partitions, and no boot loader')
  return { kind: 'whole-disk', firmware: loads ? 'bios' : 'uefi' }
}

/** C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it is stored. */
const systemPartition = '28732ac11ff8d211ba4b00a0c93ec93b'

function hasSystemPartition(head: Buffer): boolean {
  const ofTable = [0, 1, 2, 3].some((index) => head[446 + index * 16 + 4] === 0xef)
  if (head.toString('latin1', 512, 520) !== 'EFI PART') return ofTable
  for (let at = 1024; at + 128 <= head.length; at += 128)
    if (head.toString('hex', at, at + 16) === systemPartition) return true
  return ofTable
}
