/** How a process that runs for months stays small. Measured in ADR 11. */
import { systemClock } from '../base/clock.ts'

/** V8's own value. Processes are started with 0, which keeps its compilers out of what runs once, at the start. */
const longestOptimized = 60 * 1024

const lookEveryMs = 30_000
/** Of a processor's time; below it nobody waits for an answer. */
const quietShare = 0.01
const grownBytes = 4 * 2 ** 20
const sweptBytes = 4 * 2 ** 20

/**
 * To be called once a process has started: from now on V8 may optimise what runs often, and what the start left behind is
 * given back. So is what piles up later, whenever the process has been quiet for a while: V8 itself collects only while
 * memory is asked for. Resolves when aborted.
 */
export async function staySmall(abort: AbortSignal): Promise<void> {
  process.getBuiltinModule('node:v8').setFlagsFromString(`--max-optimized-bytecode-size=${longestOptimized}`)
  let kept = collect()
  while (!abort.aborted) {
    const before = process.cpuUsage()
    await systemClock.sleep(lookEveryMs, abort).catch(() => {}) // Aborted: the loop ends.
    const { user, system } = process.cpuUsage(before)
    const quiet = user + system < quietShare * lookEveryMs * 1000
    if (quiet && process.memoryUsage().heapUsed > kept + grownBytes) kept = collect()
  }
}

/**
 * To be told how many bytes have passed: collects young garbage now and then. To V8 a buffer of 64 KiB is as small as what refers to
 * it, so that tens of MiB of them lie about before it looks. Without Node's `--expose-gc` it does nothing.
 */
export function sweepAsItPasses(): (bytes: number) => void {
  let passed = 0
  return (bytes) => {
    passed += bytes
    if (passed < sweptBytes) return
    passed = 0
    globalThis.gc?.({ type: 'minor', execution: 'sync' })
  }
}

/** Gives back what nothing refers to, and code that has not run for a while. Without Node's `--expose-gc` it can't. */
function collect(): number {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  return process.memoryUsage().heapUsed
}
