import { createHash, randomBytes } from 'node:crypto'

/** Randomness as an argument: real in production, a seeded stream in tests and the simulator. */
export interface Random {
  bytes(length: number): Buffer
}

/** Asks the system for many bytes at once: each of them is given once. */
export const systemRandom: Random = { bytes: drawing(4096) }

function drawing(atOnce: number): Random['bytes'] {
  let drawn = Buffer.alloc(0)
  return (length) => {
    if (length > atOnce / 16) return randomBytes(length)
    if (drawn.length < length) drawn = randomBytes(atOnce)
    const bytes = drawn.subarray(0, length)
    drawn = drawn.subarray(length)
    return bytes
  }
}

/** A reproducible stream: the same seed gives the same bytes. Never for secrets. */
export function seededRandom(seed: string): Random {
  let counter = 0
  return {
    bytes(length) {
      const blocks: Buffer[] = []
      for (let have = 0; have < length; have += 32) {
        blocks.push(createHash('sha256').update(`${seed}/${counter++}`).digest())
      }
      return Buffer.concat(blocks).subarray(0, length)
    },
  }
}

/** `length` hexadecimal digits. */
export function hex(random: Random, length: number): string {
  return random
    .bytes(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length)
}
