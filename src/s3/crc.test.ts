import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { combineCrc, newCrc32, newCrc32c, newCrc64Nvme } from './crc.ts'

const digits = Buffer.from('123456789')
const makers = { crc32: newCrc32, crc32c: newCrc32c, crc64nvme: newCrc64Nvme } as const
const names = Object.keys(makers) as (keyof typeof makers)[]

function of(name: keyof typeof makers, ...pieces: Uint8Array[]): Buffer {
  const crc = makers[name]()
  for (const it of pieces) crc.update(it)
  return crc.digest()
}

// Source: "Catalogue of parametrised CRC algorithms" (check values of CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME).
test.each([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
] as const)('%s has the check value of its catalogue', (name, value) => {
  expect(of(name, digits).toString('hex')).toBe(value)
})

test.each(names)('%s of pieces is that of the whole, and can be put together from theirs', (name) => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
      const whole = of(name, Buffer.concat([a, b]))
      expect(of(name, a, b)).toEqual(whole)
      expect(combineCrc(name, of(name, a), of(name, b), b.length)).toEqual(whole)
    }),
    { numRuns: 30 },
  )
})

test.each(names)('%s of eight bytes at once is that of one by one', (name) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(of(name, bytes)).toEqual(of(name, ...Array.from(bytes, (it) => Uint8Array.of(it))))
    }),
  )
})

test('crc32 is that of zlib', () => {
  expect(of('crc32', digits).readUInt32BE()).toBe(crc32(digits))
})
