/** Filters of our Describes against those that the official client's documentation lists. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { ec2Actions } from '../../src/ec2/index.ts'

let documentation: string
beforeAll(async () => {
  const client = dirname(dirname(fileURLToPath(import.meta.resolve('@aws-sdk/client-ec2'))))
  const models = join(client, 'dist-types', 'models')
  const files = (await readdir(models)).filter((it) => it.startsWith('models_'))
  documentation = (await Promise.all(files.map((it) => readFile(join(models, it), 'utf8')))).join('\n')
})

const describes = ec2Actions
  .filter((it) => it.kind === 'describe')
  .map((it) => ({ name: it.name, filters: Object.keys(it.filters) }))

test.each(describes)('$name knows every filter that is documented', ({ name, filters }) => {
  expect(documented(name).filter((it) => !filters.includes(it))).toEqual([])
})

test('the documentation is found', () => {
  expect(documented('DescribeInstances').length).toBeGreaterThan(100)
})

/** Values that are listed below a filter, not filters. */
const values: ReadonlySet<string> = new Set(['informational', 'low', 'medium', 'high', 'critical'])

function documented(operation: string): string[] {
  const from = documentation.indexOf(`export interface ${operation}Request `)
  const input = documentation.slice(from, documentation.indexOf('\nexport interface', from + 1))
  const [before, after] = input.split('Filters?: Filter[]')
  if (from < 0 || before === undefined || after === undefined) return []
  const comment = before.slice(before.lastIndexOf('/**'))
  const names = [...comment.matchAll(/<li>[\s*]*<p>[\s*]*<code>([^<]+)<\/code>/g)].map(([, it]) => it ?? '')
  return names.filter((it) => it !== 'tag' && !it.startsWith('tag:') && !values.has(it))
}
