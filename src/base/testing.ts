import { vi } from 'vitest'

/** Longer than any test of units takes on a busy machine: only what never comes true takes so long. */
const patienceMs = 15_000

/** Looks again and again until `look` does not throw; gives what it found. */
export function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: patienceMs, interval: 5 })
}
