/** How a process that runs for months stays small. Measured in ADR 11. */
import { systemClock } from '../base/clock.ts'

/** V8's own value. Processes are started with 0, which keeps its compilers out of what runs once, at the start. */
const longestOptimized = 60 * 1024

/** The first look comes soon: a start may fill a large heap within seconds. */
const [firstLookMs, lookEveryMs] = [1000, 30_000]
/** Of a processor's time; below it nobody waits for an answer. */
const quietShare = 0.01
const grownBytes = 4 * 2 ** 20
const sweptBytes = 4 * 2 ** 20
const largeBytes = 128 * 2 ** 20

/**
 * Of a large heap. By itself V8 marks all of it whenever 64 MiB have been taken outside, as buffers are, though they are garbage already, and
 * otherwise lets it grow to nearly twice its size. Measured with a hundred thousand instances: half as many launches a second, and half a GiB more.
 */
const largeHeapFlags = ['--external-memory-accounted-in-global-limit', '--heap-growing-percent=25']

/**
 * To be called once a process has started: from now on V8 may optimise what runs often, and what the start left behind is
 * given back. So is what piles up later, whenever the process has been quiet for a while: V8 itself collects only while
 * memory is asked for. Resolves when aborted.
 */
export async function staySmall(abort: AbortSignal): Promise<void> {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  setFlagsFromString(`--max-optimized-bytecode-size=${longestOptimized}`)
  let kept = collect()
  let isLarge = false
  for (let lookInMs = firstLookMs; !abort.aborted; lookInMs = Math.min(2 * lookInMs, lookEveryMs)) {
    const before = process.cpuUsage()
    await systemClock.sleep(lookInMs, abort).catch(() => {}) // Aborted: the loop ends.
    const { user, system } = process.cpuUsage(before)
    const quiet = user + system < quietShare * lookInMs * 1000
    const { heapUsed } = process.memoryUsage()
    if (quiet && heapUsed > kept + grownBytes) kept = collect()
    if (isLarge || heapUsed < largeBytes) continue
    isLarge = true
    for (const it of largeHeapFlags) setFlagsFromString(it)
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
