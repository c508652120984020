import fc from 'fast-check'
import { expect, it } from 'vitest'
import { unpackKernel, unpackLz4 } from './kernel.ts'

/** A block of one literal run, then runs that repeat the last byte: what LZ4 makes of long runs. */
function packed(literals: Buffer, repeats: number): Buffer {
  const length = (start: number, value: number): number[] => {
    if (value < 15) return []
    const rest = value - start
    return [...Array<number>(Math.floor(rest / 255)).fill(255), rest % 255]
  }
  const token = (Math.min(literals.length, 15) << 4) | Math.min(repeats - 4, 15)
  const head = Buffer.from([token, ...length(15, literals.length)])
  const match = Buffer.from([1, 0, ...length(15, repeats - 4), 0x10, 33])
  return Buffer.concat([head, literals, match])
}

function frame(block: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184c2102, 0)
  head.writeUInt32LE(block.length, 4)
  return Buffer.concat([head, block])
}

it('unpacks literals and overlapping repetitions of every length', () => {
  const literals = fc.uint8Array({ minLength: 1, maxLength: 600 })
  fc.assert(
    fc.property(literals, fc.integer({ min: 4, max: 900 }), (bytes, repeats) => {
      const content = Buffer.from(bytes)
      const wanted = Buffer.concat([content, Buffer.alloc(repeats, content.at(-1)), Buffer.from('!')])
      expect(unpackLz4(frame(packed(content, repeats)), wanted.length).equals(wanted)).toBe(true)
    }),
  )
})

it('refuses a repetition of what was never there', () => {
  expect(() => unpackLz4(frame(Buffer.from([0x00, 9, 0])), 4)).toThrow('before the start')
})

it('leaves a kernel alone that is packed in a way it does not know', () => {
  const image = Buffer.alloc(4096)
  image.writeUInt32LE(16, 0x24c)
  expect(unpackKernel(image)).toBe(image)
})
