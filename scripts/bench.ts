/**
 * Measures this cloud on this machine: `npm run bench -- [api] [launch] [network] [volumes] [objects] [scale] [--rounds N] [--many N] [--instances N] [--hosts N] [--out DIR] [--profile DIR]`.
 * A full region, `scale`, is measured only where it is asked for.
 * Writes what was measured into the page, whose other parts stay, and the figures: to docs/performance.md and .cache/bench.json, or both to the directory that is named.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { exists } from '../src/base/files.ts'
import { measureApi } from './bench/api.ts'
import { withKept } from './bench/kept.ts'
import { measureLaunch } from './bench/launch.ts'
import { launchChart } from './bench/launch-chart.ts'
import { describeMachine } from './bench/machine.ts'
import { measureNetwork } from './bench/network.ts'
import { measureObjects } from './bench/objects.ts'
import { page, type Results } from './bench/report.ts'
import { measureScale } from './bench/scale.ts'
import { measureVolumes } from './bench/volumes.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    many: { type: 'string', default: '10' },
    instances: { type: 'string', default: '1000,100000' },
    hosts: { type: 'string', default: '2000' },
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
const sizes = { instances: values.instances.split(',').map(Number), hosts: Number(values.hosts) }
const isRoot = process.getuid?.() === 0

try {
  const results = await measure()
  const folder = values.out ?? join(root, 'docs')
  const text = page(results)
  await write(folder, 'performance.md', withKept(text, await textOf(join(folder, 'performance.md'))))
  if (results.launch) await write(folder, 'launch.svg', launchChart(results.launch))
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
  const volumes = wanted('volumes') && isRoot ? await measureVolumes(options) : undefined
  const api = wanted('api') ? await measureApi({ ...options, profileTo: values.profile }) : undefined
  const objects = wanted('objects') ? await measureObjects({ ...options, profileTo: values.profile }) : undefined
  const scale = positionals.includes('scale')
    ? await measureScale({ ...options, ...sizes, profileTo: values.profile })
    : undefined
  const missing = isRoot ? [] : ['launch', 'network', 'volumes'].filter(wanted).map((it) => `${it}, which needs root`)
  const takenAt = new Date().toISOString()
  const measured = {
    ...(launch && { launch }),
    ...(network && { network }),
    ...(volumes && { volumes }),
    ...(api && { api }),
    ...(objects && { objects }),
    ...(scale && { scale }),
  }
  return { takenAt, machine, missing, ...measured }
}

async function textOf(file: string): Promise<string> {
  return (await exists(file)) ? await readFile(file, 'utf8') : ''
}

async function write(folder: string, name: string, content: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), content)
}
