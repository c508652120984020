import { Retry } from '../base/fault.ts'
import type { Random } from '../base/random.ts'

const firstMs = 1_000
const longestMs = 60_000

/**
 * How long to wait after the `attempts`th failure in a row: twice as long each time, up to a minute, and between half
 * and all of that, so that strands that failed together do not come back together. A `Retry` says where to begin.
 */
export function pauseAfter(attempts: number, thrown: unknown, random: Random): number {
  const first = thrown instanceof Retry ? thrown.afterMs : firstMs
  const full = Math.min(first * 2 ** Math.min(attempts - 1, 20), Math.max(first, longestMs))
  return Math.ceil((full * (1 + random.bytes(4).readUInt32BE() / 2 ** 32)) / 2)
}
