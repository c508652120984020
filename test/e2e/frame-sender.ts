/** A program for guests that have none: it sends what it reads as one frame, whatever it says. */

/**
 * A static ELF for x86-64 that reads a frame of up to 4,096 bytes from standard input and sends it from the device with this
 * index, as it is. Its status is 0 if the kernel took it. A compiler for tests alone would be a hundred times its size.
 * Source: System V ABI, "ELF header", "Program header"; packet(7), sockaddr_ll; syscall numbers of Linux for x86-64.
 */
export function frameSender(deviceIndex: number): Buffer {
  const base = 0x400000
  const headers = 64 + 56
  const code = (addressAt: number, bufferAt: number) => [
    ...[0xb8, ...u32(41), 0xbf, ...u32(17), 0xbe, ...u32(3), 0x31, 0xd2, 0x0f, 0x05], // socket(AF_PACKET, SOCK_RAW, 0)
    ...[0x89, 0xc3], // ebx: the socket
    ...[0x31, 0xc0, 0x31, 0xff, 0xbe, ...u32(bufferAt), 0xba, ...u32(4096), 0x0f, 0x05], // read(0, buffer, 4096)
    ...[0x89, 0xc2, 0x89, 0xdf, 0xbe, ...u32(bufferAt), 0x45, 0x31, 0xd2], // edx: how much; edi, esi; r10: no flags
    ...[0x41, 0xb8, ...u32(addressAt), 0x41, 0xb9, ...u32(20), 0xb8, ...u32(44), 0x0f, 0x05], // sendto(…, address, 20)
    ...[0xc1, 0xf8, 31, 0x89, 0xc7, 0xb8, ...u32(60), 0x0f, 0x05], // exit(result < 0)
  ]
  const address = base + headers + code(0, 0).length
  const buffer = base + 0x1000
  const packet = [17, 0, 0, 0, ...u32(deviceIndex), ...Array<number>(12).fill(0)] // family, protocol, device
  const body = [...code(address, buffer), ...packet]
  const file = headers + body.length
  return Buffer.from([
    ...[0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...Array<number>(9).fill(0)], // ELF, 64 bits, little-endian
    ...[...u16(2), ...u16(62), ...u32(1), ...u64(base + headers), ...u64(64), ...u64(0), ...u32(0)], // executable, x86-64
    ...[64, 56, 1, 64, 0, 0].flatMap(u16),
    ...[...u32(1), ...u32(7), ...u64(0), ...u64(base), ...u64(base)], // one segment that may be read, written and run
    ...[...u64(file), ...u64(0x1000 + 4096), ...u64(0x1000)],
    ...body,
  ])
}

function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff]
}

function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)]
}

function u64(value: number): number[] {
  return [...u32(value), 0, 0, 0, 0]
}
