/** Cyclic redundancy checks that Node has not: CRC-32C and CRC-64/NVME, both reflected; and how those of two texts make one. */
import { crc32 } from 'node:zlib'

/** One check as it grows. Starts at 0n; the same number stands for what was read so far. */
export interface Crc {
  readonly bits: 32 | 64
  update(bytes: Uint8Array): void
  /** Big-endian. */
  digest(): Buffer
}

export function newCrc32(): Crc {
  let value = 0
  return {
    bits: 32,
    update(bytes) {
      value = crc32(bytes, value)
    },
    digest: () => fourBytes(value),
  }
}

/** Source: RFC 3720, B.4; reflected polynomial of Castagnoli. */
export function newCrc32c(): Crc {
  let value = 0xffff_ffff
  return {
    bits: 32,
    update(bytes) {
      value = castagnoli(bytes, value)
    },
    digest: () => fourBytes((value ^ 0xffff_ffff) >>> 0),
  }
}

/** Source: NVM Express NVM Command Set Specification 1.0, 5.2.1.3.4; reflected polynomial 0x9A6C9329AC4BC9B5. */
export function newCrc64Nvme(): Crc {
  const state = new Uint32Array([0xffff_ffff, 0xffff_ffff])
  return {
    bits: 64,
    update: (bytes) => nvme(bytes, state),
    digest: () => Buffer.concat([fourBytes(~state[1]! >>> 0), fourBytes(~state[0]! >>> 0)]), // two of them
  }
}

const polynomials = { crc32: 0xedb8_8320n, crc32c: 0x82f6_3b78n, crc64nvme: 0x9a6c_9329_ac4b_c9b5n } as const
export type CrcName = keyof typeof polynomials

/**
 * The check of two texts one behind the other, from the check of each and the second's length. Appending zeros is a linear
 * map of the check: squaring it doubles the zeros. Source: zlib, crc32_combine.
 */
export function combineCrc(name: CrcName, first: Buffer, second: Buffer, secondLength: number): Buffer {
  const bits = name === 'crc64nvme' ? 64 : 32
  const shifted = times(zeros(polynomials[name], bits, secondLength), asNumber(first))
  const hex = (shifted ^ asNumber(second)).toString(16).padStart(bits / 4, '0')
  return Buffer.from(hex, 'hex')
}

/** A map of bit vectors: what each single bit becomes. */
type Matrix = readonly bigint[]

function zeros(polynomial: bigint, bits: number, bytes: number): Matrix {
  let power: Matrix = [polynomial, ...Array.from({ length: bits - 1 }, (_, index) => 1n << BigInt(index))]
  for (let doubled = 0; doubled < 3; doubled++) power = squared(power) // One bit, two, four, eight.
  let all: Matrix = Array.from({ length: bits }, (_, index) => 1n << BigInt(index))
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) all = all.map((it) => times(power, it))
    power = squared(power)
  }
  return all
}

const squared = (matrix: Matrix): Matrix => matrix.map((it) => times(matrix, it))

function times(matrix: Matrix, vector: bigint): bigint {
  let sum = 0n
  for (let index = 0, left = vector; left > 0n; index++, left >>= 1n) if (left & 1n) sum ^= matrix[index] ?? 0n
  return sum
}

const asNumber = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`)

function fourBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const table32c = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f6_3b78 : value >>> 1
  return value
})

function castagnoli(bytes: Uint8Array, start: number): number {
  let value = start
  for (let at = 0; at < bytes.length; at++) value = table32c[(value ^ bytes[at]!) & 0xff]! ^ (value >>> 8) // within both
  return value >>> 0
}

/** Low and high halves, one behind the other. */
const table64 = (() => {
  const table = new Uint32Array(512)
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomials.crc64nvme : value >> 1n
    table[byte * 2] = Number(value & 0xffff_ffffn)
    table[byte * 2 + 1] = Number(value >> 32n)
  }
  return table
})()

function nvme(bytes: Uint8Array, state: Uint32Array): void {
  let low = state[0]!
  let high = state[1]!
  for (let at = 0; at < bytes.length; at++) {
    const index = ((low ^ bytes[at]!) & 0xff) * 2
    low = table64[index]! ^ ((low >>> 8) | (high << 24))
    high = table64[index + 1]! ^ (high >>> 8)
  }
  state[0] = low
  state[1] = high
}
