/** A disk that only UEFI starts: partitions, and in the first a program under the name that firmware falls back to. */

const sector = 512

/**
 * A MiB with one partition, an EFI system partition; its EFI/BOOT/BOOTX64.EFI writes `text` to the first serial port, and halts.
 * Source: UEFI 2.10, 3.5.1.1 ("Removable Media Boot Behavior") and 5.2 ("LBA 0 Format"); "FAT: General Overview of On-Disk Format" 1.03.
 */
export function uefiDisk(text: string): Buffer {
  const disk = Buffer.alloc(2 ** 20)
  const [start, sectors] = [64, 1024]
  disk[446 + 4] = 0xef
  disk.writeUInt32LE(start, 446 + 8)
  disk.writeUInt32LE(sectors, 446 + 12)
  disk.writeUInt16LE(0xaa55, 510)
  systemPartition(sectors, program(text)).copy(disk, start * sector)
  return disk
}

/** FAT12 with clusters of two sectors. Number 2 is EFI, 3 BOOT and 4 the program. */
function systemPartition(sectors: number, content: Buffer): Buffer {
  const part = Buffer.alloc(sectors * sector)
  part.write('\xeb\x3c\x90MSWIN4.1', 'latin1')
  const [fat, root, data] = [1, 3, 4] // sectors
  part.writeUInt16LE(sector, 11)
  part[13] = 2 // sectors of a cluster
  part.writeUInt16LE(fat, 14)
  part[16] = 1 // tables
  part.writeUInt16LE(sector / 32, 17) // entries in the root
  part.writeUInt16LE(sectors, 19)
  part[21] = 0xf8
  part.writeUInt16LE(root - fat, 22)
  part.writeUInt16LE(0xaa55, 510)
  part.write('f8ffffffffffffff', fat * sector, 'hex') // five clusters, none with a next one
  const cluster = (number: number) => (data + (number - 2) * 2) * sector
  folder('EFI', 2).copy(part, root * sector)
  for (const [number, parent] of [
    [2, 0],
    [3, 2],
  ] as const)
    Buffer.concat([folder('.', number), folder('..', parent)]).copy(part, cluster(number))
  folder('BOOT', 3).copy(part, cluster(2) + 64)
  entry('BOOTX64 EFI', 0x20, 4, content.length).copy(part, cluster(3) + 64)
  content.copy(part, cluster(4))
  return part
}

function folder(name: string, cluster: number): Buffer {
  return entry(name.padEnd(11), 0x10, cluster, 0)
}

function entry(name: string, attributes: number, cluster: number, bytes: number): Buffer {
  const it = Buffer.alloc(32)
  it.write(name, 'latin1')
  it[11] = attributes
  it.writeUInt16LE(cluster, 26)
  it.writeUInt32LE(bytes, 28)
  return it
}

/** A section of code for x86-64, at 512 in the file and 4096 in memory. Source: Microsoft, "PE Format". */
function program(text: string): Buffer {
  // cld; lea rsi, [rip + 16]; mov dx, 0x3f8; then a byte at a time: lodsb; test al, al; jz; out dx, al; jmp. Then: hlt; jmp.
  const code = Buffer.from('fc488d350f00000066baf803ac84c07403eeebf8f4ebfd', 'hex')
  const it = Buffer.alloc(2 * sector)
  it.write('MZ')
  it.writeUInt32LE(64, 60) // where its header is
  it.write('PE\0\0', 64)
  const [file, optional, section] = [68, 88, 200]
  it.writeUInt16LE(0x8664, file)
  it.writeUInt16LE(1, file + 2) // sections
  it.writeUInt16LE(section - optional, file + 16)
  it.writeUInt16LE(0x22, file + 18) // can be run, knows large addresses
  it.writeUInt16LE(0x20b, optional)
  const [at, size] = [4096, 4096]
  it.writeUInt32LE(sector, optional + 4) // of code
  it.writeUInt32LE(at, optional + 16) // where it begins to run
  it.writeUInt32LE(at, optional + 20)
  it.writeUInt32LE(4096, optional + 32) // alignment in memory
  it.writeUInt32LE(sector, optional + 36) // and in the file
  it.writeUInt32LE(at + size, optional + 56)
  it.writeUInt32LE(sector, optional + 60) // of headers
  it.writeUInt16LE(10, optional + 68) // an application of UEFI
  it.write('.text', section)
  for (const [index, field] of [sector, at, sector, sector].entries()) it.writeUInt32LE(field, section + 8 + index * 4)
  it.writeUInt32LE(0x60000020, section + 36) // code, read, run
  Buffer.concat([code, Buffer.from(`${text}\0`)]).copy(it, sector)
  return it
}
