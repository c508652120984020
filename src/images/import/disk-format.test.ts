import { describe, expect, test } from 'vitest'
import { newestKernel } from './boot-files.ts'
import { contentsOf } from './contents.ts'
import { diskFormatOf } from './disk-format.ts'

const formatOf = (head: Buffer, tail: Buffer = Buffer.alloc(512)) => diskFormatOf({ head, tail })

function qcow2(change: (header: Buffer) => void = () => {}): Buffer {
  const header = Buffer.alloc(65_536)
  header.write('QFI\xfb', 0, 'latin1')
  header.writeUInt32BE(3, 4)
  header.writeBigUInt64BE(2n ** 30n, 24)
  header.writeUInt32BE(104, 100)
  change(header)
  return header
}

function vmdk(description: string, sectors = 2048n): Buffer {
  const header = Buffer.alloc(65_536)
  header.write('KDMV', 0, 'latin1')
  header.writeBigUInt64LE(sectors, 12)
  header.writeBigUInt64LE(1n, 28)
  header.writeBigUInt64LE(20n, 36)
  header.write(description, 512)
  return header
}

function vhd(type: number): Buffer {
  const footer = Buffer.alloc(512)
  footer.write('conectix', 0)
  footer.writeUInt32BE(type, 60)
  return footer
}

describe('the format of a disk', () => {
  test('is told by its own marks, and raw without any', () => {
    expect(formatOf(qcow2())).toBe('qcow2')
    expect(formatOf(vmdk('CID=12345678\nparentCID=ffffffff\n'))).toBe('vmdk')
    expect(formatOf(Buffer.alloc(512), vhd(3))).toBe('vhd')
    expect(formatOf(Buffer.alloc(512))).toBe('raw')
  })

  const extension = (type: number) => (it: Buffer) => void it.writeUInt32BE(type, 104)
  test.each<[string, (header: Buffer) => void, string]>([
    ['a backing file', (it) => void it.writeBigUInt64BE(512n, 8), 'backing file'],
    ['the length of a backing file', (it) => void it.writeUInt32BE(12, 16), 'backing file'],
    ['the format of a backing file', extension(0xe2792aca), 'backing file'],
    ['an external data file', (it) => void it.writeBigUInt64BE(4n, 72), 'external data file'],
    ['the name of a data file', extension(0x44415441), 'external data file'],
    ['encryption', (it) => void it.writeUInt32BE(2, 32), 'encrypted'],
    ['a version of its own', (it) => void it.writeUInt32BE(9, 4), 'version 9'],
    ['features that nobody knows', (it) => void it.writeBigUInt64BE(1n << 40n, 72), 'not known'],
    ['extensions without end', (it) => void it.fill(0x11, 104), 'does not end'],
    ['a header that leads behind its end', (it) => void it.writeUInt32BE(0xffff_fff0, 100), 'does not end'],
  ])('is no qcow2 with %s', (_, change, words) => {
    expect(() => formatOf(qcow2(change))).toThrow(words)
  })

  test('is no disk that leads to other files', () => {
    expect(() => formatOf(Buffer.from('# Disk DescriptorFile\nRW 1 FLAT "/etc/shadow" 0\n'))).toThrow('several files')
    expect(() => formatOf(vmdk('RW 1 FLAT "/etc/shadow" 0', 0n))).toThrow('only names other files')
    expect(() => formatOf(vmdk('parentCID=12345678\nparentFileNameHint="/etc/shadow"'))).toThrow('a parent')
    expect(() => formatOf(Buffer.alloc(512), vhd(4))).toThrow('a parent')
    expect(() => formatOf(Buffer.from('vhdxfile'))).toThrow('VHDX')
  })
})

describe('what is on a disk', () => {
  const boots = (change: (head: Buffer) => void) => {
    const head = Buffer.alloc(17_408)
    head.writeUInt16LE(0xaa55, 510)
    change(head)
    return contentsOf(head)
  }

  test('is started by the firmware that its first sectors fit', () => {
    expect(boots((it) => void it.writeUInt8(0xeb, 0))).toEqual({ kind: 'whole-disk', firmware: 'bios' })
    expect(boots((it) => void it.writeUInt8(0xef, 450))).toEqual({ kind: 'whole-disk', firmware: 'uefi' })
    const withSystem = boots((it) => {
      it.write('EFI PART', 512)
      it.write('28732ac11ff8d211ba4b00a0c93ec93b', 1024 + 128, 'hex')
    })
    expect(withSystem).toEqual({ kind: 'whole-disk', firmware: 'uefi' })
  })

  test('is a bare file system with its identity', () => {
    const head = Buffer.alloc(17_408)
    head.writeUInt16LE(0xef53, 1080)
    head.write('00112233445566778899aabbccddeeff', 1128, 'hex')
    expect(contentsOf(head)).toEqual({ kind: 'ext4', uuid: '00112233-4455-6677-8899-aabbccddeeff' })
  })

  test('is refused where nothing could start', () => {
    expect(() => contentsOf(Buffer.alloc(17_408))).toThrow('neither a boot sector')
    expect(() => contentsOf(Buffer.alloc(3))).toThrow('neither a boot sector')
    expect(() => boots(() => {})).toThrow('no boot loader')
  })
})

describe('the kernel in /boot', () => {
  const line = (name: string, mode = '100644') => `/12/${mode}/0/0/${name}/4711/`
  test('is the newest, with the RAM disk of the same version', () => {
    const names = [
      'vmlinuz-6.1.0-9',
      'vmlinuz-6.1.0-10',
      'initrd.img-6.1.0-9',
      'initrd.img-6.1.0-10',
      'config-6.1.0-10',
    ]
    expect(newestKernel(names.map((it) => line(it)).join('\n'))).toEqual({
      kernel: 'vmlinuz-6.1.0-10',
      ramdisk: 'initrd.img-6.1.0-10',
    })
    expect(newestKernel(line('vmlinuz'))).toEqual({ kernel: 'vmlinuz' })
  })

  test('is no link, and has no name that is more than one', () => {
    expect(newestKernel(line('vmlinuz', '120777'))).toEqual({})
    expect(newestKernel(line('vmlinuz-1 /etc'))).toEqual({})
    expect(newestKernel(line('vmlinuz-../x'))).toEqual({})
  })
})
