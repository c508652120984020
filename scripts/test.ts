/**
 * `npm test`: types, style, then the tests, ending with a line that counts. Arguments go to Vitest, but for `--debian`: with it
 * the tests run too that build Debian and boot it, which takes minutes.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../src/base/fault.ts'
import { run } from '../src/base/subprocess.ts'
import { type Count, countOf, crashed, lineOf, sum } from './test-count.ts'

const root = join(import.meta.dirname, '..')
const modules = join(root, 'node_modules')
/** With it the folders of this run's clouds begin: tests that were cut off leave theirs, with all that runs in them. */
const cloudFolders = `cumulet-e2e-${process.pid}-`
const running = new Set<Promise<number>>()
const withDebian = process.argv.includes('--debian')
const passed: Count = { passed: 0, failed: 0, skipped: 0 }

/** Runs one of our tools with the terminal as its own, or writing into a file; gives its status. */
async function runTool(path: string, args: readonly string[], out: 'inherit' | number = 'inherit'): Promise<number> {
  const env = { ...process.env, CUMULET_TEST_CLOUDS: cloudFolders, ...(withDebian && { CUMULET_TEST_DEBIAN: '1' }) }
  const child = spawn(process.execPath, [join(modules, path), ...args], {
    cwd: root,
    stdio: ['inherit', out, out],
    env,
  })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', pass)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('exit', (status) => resolve(status ?? 1))
  running.add(promise)
  return await promise.finally(() => {
    process.off('SIGTERM', pass)
    running.delete(promise)
  })
}

async function check(title: string, path: string, args: readonly string[]): Promise<Count> {
  say(title)
  return (await runTool(path, args)) === 0 ? passed : { ...passed, failed: 1 }
}

/** Without a word where a filter leaves nothing, and without writing beside packages that may be another user's. */
const quietly = ['--passWithNoTests', '--configLoader=native']

/** Vitest writes down what it counted, besides what it shows: at once, or, beside others, when it is done. */
async function vitest(title: string, args: readonly string[], { beside = false } = {}): Promise<Count> {
  if (!beside) say(title)
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-test-'))
  const file = join(folder, 'report.json')
  try {
    const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const all = ['run', ...quietly, ...report, ...args]
    const status = beside
      ? await vitestBeside(title, all, join(folder, 'shown'))
      : await runTool('vitest/vitest.mjs', all)
    return countOf(JSON.parse(await readFile(file, 'utf8')), status)
  } catch (error) {
    say(`Vitest ended without a report: ${messageOf(error)}`)
    return crashed
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function vitestBeside(title: string, args: readonly string[], shown: string): Promise<number> {
  const out = await open(shown, 'w')
  try {
    return await runTool('vitest/vitest.mjs', args, out.fd)
  } finally {
    await out.close()
    say(title)
    process.stdout.write(await readFile(shown, 'utf8'))
  }
}

const machines = process.platform === 'linux' && process.getuid?.() === 0
const stopped = { yes: false }

async function* counts(args: readonly string[]): AsyncGenerator<Count> {
  yield await check('Types', 'typescript/bin/tsc', ['--noEmit'])
  yield await check('Style', '@biomejs/biome/bin/biome', ['check', '--diagnostic-level=warn', '.'])
  if (args.some((it) => it.startsWith('--project'))) {
    yield await vitest('Tests', args)
    return
  }
  // Whole clouds wait for their guests most of the time: what is tested without them has the processors meanwhile.
  const clouds =
    machines && args.length === 0
      ? vitest('Tests with clouds', ['--project', 'linux', 'test/e2e'], { beside: true })
      : undefined
  yield await vitest('Tests of units', ['--project', 'unit', ...args])
  if (clouds) {
    yield await vitest('Tests with machines', ['--project', 'linux', 'src/'])
    yield await clouds
  } else if (machines) yield await vitest('Tests with machines', ['--project', 'linux', ...args])
  else say('Tests with machines: skipped, they need root on Linux')
}

/** Ends what tests that were cut off have left. */
async function endClouds(): Promise<void> {
  await Promise.allSettled(running) // A run beside others may not have heard yet.
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(cloudFolders)) continue
    say(`${name} was left: it is ended`)
    const args = ['--no-warnings', join(root, 'src/bin/cumulet.ts'), '--data', join(tmpdir(), name), 'reset', '--yes']
    await run(process.execPath, args, { timeoutMs: 120_000 }).catch((error: unknown) => say(messageOf(error)))
  }
}

function say(text: string): void {
  process.stdout.write(`\n— ${text}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopped.yes = true
  })
}

let total = passed
for await (const count of counts(process.argv.slice(2).filter((it) => it !== '--debian'))) {
  total = sum(total, count)
  if (stopped.yes) break
}
if (stopped.yes) total = sum(total, crashed)
await endClouds()
process.stdout.write(`\n${lineOf(total)}\n`)
process.exitCode = total.failed === 0 ? 0 : 1
