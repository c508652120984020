import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { ConsoleLog } from './console-log.ts'

const folder = await mkdtemp(join(tmpdir(), 'console-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

it('keeps the end of what was written, and not much more', async () => {
  let runs = 0
  const chunks = fc.array(fc.nat(200_000), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(chunks, fc.nat(70_000), async (sizes, asked) => {
      const file = join(folder, `${runs++}`)
      const log = new ConsoleLog(file)
      const written = Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, index + 1)))
      for (const [index, size] of sizes.entries()) await log.append(Buffer.alloc(size, index + 1))
      const tail = await log.tail(asked)
      expect(tail.equals(written.subarray(Math.max(0, written.length - asked)))).toBe(true)
      if (written.length > 0) expect((await stat(file)).size).toBeLessThanOrEqual(512 * 1024)
    }),
    { numRuns: 40 },
  )
})
