import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { Fault } from '../base/fault.ts'

/**
 * The kernel inside a bzImage as an ELF file, which QEMU starts by its PVH entry: measured without KVM, unpacking on the
 * host once instead of in each guest saves 0.4 s of a boot of 2.5 s. The bzImage itself where its packing is not known here.
 * Source: Linux, Documentation/arch/x86/boot.rst (setup_sects, payload_offset, payload_length).
 */
export function unpackKernel(bzImage: Buffer): Buffer {
  const sectors = bzImage[0x1f1] || 4
  const start = (sectors + 1) * 512 + bzImage.readUInt32LE(0x248)
  const payload = bzImage.subarray(start, start + bzImage.readUInt32LE(0x24c))
  const elf = unpack(payload)
  if (elf && elf.toString('latin1', 0, 4) !== '\x7fELF') throw new Fault('the kernel did not unpack to an ELF file')
  return elf ?? bzImage
}

/** The last four bytes of the payload are the size of the kernel. */
function unpack(payload: Buffer): Buffer | undefined {
  const magic = payload.readUInt32LE(0)
  const packed = payload.subarray(0, -4)
  if (magic === lz4Magic) return unpackLz4(packed, payload.readUInt32LE(payload.length - 4))
  if (magic === 0xfd2fb528) return zstdDecompressSync(packed)
  return (magic & 0xffff) === 0x8b1f ? gunzipSync(packed) : undefined
}

const lz4Magic = 0x184c2102

/** LZ4's legacy frame: blocks, each with its size before it. Source: LZ4, doc/lz4_Frame_format.md, "Legacy frame". */
export function unpackLz4(frame: Buffer, size: number): Buffer {
  const out = Buffer.alloc(size)
  let written = 0
  for (let at = 4; at < frame.length; ) {
    const length = frame.readUInt32LE(at)
    written = unpackBlock(frame.subarray(at + 4, at + 4 + length), out, written)
    at += 4 + length
  }
  if (written !== size) throw new Fault(`LZ4: ${written} bytes instead of ${size}`)
  return out
}

/** A place in a block. */
interface Cursor {
  at: number
}

/**
 * Unpacks one block behind `start`; answers where the output ends. Source: LZ4, doc/lz4_Block_format.md.
 * The place is in an object, and not in a variable that a closure moves on: Node 26.10 loses such moves when it optimises
 * the running loop, and unpacked another kernel each time.
 */
function unpackBlock(block: Buffer, out: Buffer, start: number): number {
  const cursor: Cursor = { at: 0 }
  let end = start
  while (cursor.at < block.length) {
    const token = block[cursor.at++] ?? 0
    const literals = lengthAt(block, cursor, token >> 4)
    end += block.copy(out, end, cursor.at, cursor.at + literals)
    cursor.at += literals
    if (cursor.at >= block.length) break
    const distance = block.readUInt16LE(cursor.at)
    cursor.at += 2
    end = repeat(out, end, distance, lengthAt(block, cursor, token & 15) + 4)
  }
  return end
}

/** A length of 15 goes on in the next byte, and a byte of 255 in the one after it. */
function lengthAt(block: Buffer, cursor: Cursor, start: number): number {
  let length = start
  for (let byte = start === 15 ? 255 : 0; byte === 255; length += byte) byte = block[cursor.at++] ?? 0
  return length
}

/** Repeats what stands `distance` before the end; source and target may overlap. */
function repeat(out: Buffer, end: number, distance: number, length: number): number {
  if (distance === 0 || distance > end) throw new Fault('LZ4: a match before the start')
  if (distance >= length) out.copyWithin(end, end - distance, end - distance + length)
  else for (let index = 0; index < length; index++) out[end + index] = out[end + index - distance] ?? 0
  return end + length
}
