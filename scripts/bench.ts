/**
 * Measures this cloud on this machine: `npm run bench -- [api] [launch] [--rounds N] [--out DIR] [--profile DIR]`.
 * Writes the page and the figures: to docs/performance.md and .cache/bench.json, or both to the directory that is named.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureApi } from './bench/api.ts'
import { describeMachine } from './bench/machine.ts'
import { page, type Results } from './bench/report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, out: { type: 'string' }, profile: { type: 'string' } },
})
const root = join(import.meta.dirname, '..')
const rounds = Number(values.rounds)
const wanted = (part: string) => positionals.length === 0 || positionals.includes(part)
const say = (text: string) => void process.stderr.write(`${text}\n`)

const results: Results = {
  takenAt: new Date().toISOString(),
  machine: await describeMachine(),
  ...(wanted('api') && { api: await measureApi({ rounds, say, profileTo: values.profile }) }),
}
const text = page(results)
await write(values.out ?? join(root, 'docs'), 'performance.md', text)
await write(values.out ?? join(root, '.cache'), 'bench.json', `${JSON.stringify(results, null, 2)}\n`)
process.stdout.write(text)

async function write(folder: string, name: string, content: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), content)
}
