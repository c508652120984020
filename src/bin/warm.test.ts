import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const textOf = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8')

/** Loaded only where it is needed, by what runs for good. */
const later = ['accelerator.ts', 'agent/drivers.ts', 'process-log.ts'].flatMap((file) =>
  [...textOf(file).matchAll(/import\('((?:\.\.\/)+)([^']+)'\)/g)].map((found) => `../${found[2]}`),
)

it.each(later)('%s is compiled before the first start: what is not makes an agent 30 MiB larger', (file) => {
  expect(textOf('warm.ts')).toContain(`import '${file}'`)
})

it('there is something to compile', () => {
  expect(later.length).toBeGreaterThan(10)
})
