const origin = 0x400000
const headersBytes = 64 + 56
const segmentBytes = 0x1000

/**
 * A program of 215 bytes for a machine that was woken, and whose kernel has the same random numbers as every other copy: it gives the
 * first 512 bytes of its standard input, of which 64 are enough if they are by chance, to the kernel by its standard output
 * (/dev/urandom), and has it begin anew at once. Ends with 0 only if all of that was done.
 * Source: random(4), RNDADDENTROPY; Linux 6.1, drivers/char/random.c (RNDRESEEDCRNG); System V ABI, "ELF Header", "Program Header".
 */
export function reseedProgram(): Buffer {
  const text = Buffer.from(code.join(''), 'hex')
  const header = Buffer.alloc(headersBytes)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(2, 16) // an executable
  header.writeUInt16LE(62, 18) // for x86-64
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(BigInt(origin + headersBytes), 24)
  header.writeBigUInt64LE(64n, 32) // where its program header is
  header.writeUInt16LE(64, 52)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(1, 56)
  header.writeUInt32LE(1, 64) // a segment to load, to be read, written and executed
  header.writeUInt32LE(7, 68)
  header.writeBigUInt64LE(BigInt(origin), 80)
  header.writeBigUInt64LE(BigInt(origin), 88)
  header.writeBigUInt64LE(BigInt(headersBytes + text.length), 96)
  header.writeBigUInt64LE(BigInt(segmentBytes), 104)
  header.writeBigUInt64LE(BigInt(segmentBytes), 112)
  return Buffer.concat([header, text])
}

/** From 0x400078 on. At 0x400200: how many bits, how many bytes, and the bytes (`struct rand_pool_info`). */
const code = [
  '31c0 31ff be08024000 ba00020000 0f05', //   read(0, 0x400208, 512)
  '85c0 7e29', //                              nothing: fail
  '890425 04024000', //                        mov [0x400204], eax
  'c1e003 890425 00024000', //                 shl eax, 3; mov [0x400200], eax
  'be03520840 e81a000000', //                  ioctl(1, RNDADDENTROPY, 0x400200)
  'be07520000 e810000000', //                  ioctl(1, RNDRESEEDCRNG, 0x400200)
  '31ff eb05', //                              status 0
  'bf01000000', //                             fail: status 1
  'b83c000000 0f05', //                        exit(status)
  'b810000000 bf01000000 ba00024000 0f05', //  the call: rax of ioctl
  '85c0 78df c3', //                           fail if it is negative
].map((it) => it.replaceAll(' ', ''))
