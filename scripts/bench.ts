/**
 * Measures this cloud on this machine: `npm run bench -- [api] [launch] [network] [--rounds N] [--many N] [--out DIR] [--profile DIR]`.
 * Writes the page, but for what was measured by hand, and the figures: to docs/performance.md and .cache/bench.json, or both to the directory that is named.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { exists } from '../src/base/files.ts'
import { measureApi } from './bench/api.ts'
import { measureLaunch } from './bench/launch.ts'
import { describeMachine } from './bench/machine.ts'
import { measureNetwork } from './bench/network.ts'
import { page, type Results } from './bench/report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    many: { type: 'string', default: '10' },
    out: { type: 'string' },
    profile: { type: 'string' },
  },
})
const root = join(import.meta.dirname, '..')
const wanted = (part: string) => positionals.length === 0 || positionals.includes(part)
const say = (text: string) => void process.stderr.write(`${text}\n`)
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => stop.abort(new Error(`ended by ${name}`)))
const options = { rounds: Number(values.rounds), say, abort: stop.signal }
const isRoot = process.getuid?.() === 0

try {
  const results = await measure()
  const text = page(results)
  const folder = values.out ?? join(root, 'docs')
  await write(folder, 'performance.md', `${text}\n${await measuredByHand(join(folder, 'performance.md'))}`)
  await write(values.out ?? join(root, '.cache'), 'bench.json', `${JSON.stringify(results, null, 2)}\n`)
  process.stdout.write(text)
} catch (error) {
  if (!stop.signal.aborted) throw error
  say('Stopped: nothing was written.')
  process.exitCode = 1
}

async function measure(): Promise<Results> {
  const machine = await describeMachine()
  const launch = wanted('launch') && isRoot ? await measureLaunch({ ...options, many: Number(values.many) }) : undefined
  const network = wanted('network') && isRoot ? await measureNetwork(options) : undefined
  const api = wanted('api') ? await measureApi({ ...options, profileTo: values.profile }) : undefined
  const missing = isRoot ? [] : ['launch', 'network'].filter(wanted).map((it) => `${it}, which needs root`)
  const takenAt = new Date().toISOString()
  return { takenAt, machine, missing, ...(launch && { launch }), ...(network && { network }), ...(api && { api }) }
}

/** What the page has below its mark, with the mark. */
async function measuredByHand(file: string): Promise<string> {
  if (!(await exists(file))) return ''
  const before = await readFile(file, 'utf8')
  const mark = before.indexOf('<!-- Below stands what was measured by hand')
  return mark === -1 ? '' : before.slice(mark)
}

async function write(folder: string, name: string, content: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), content)
}
