/**
 * `npm test`: types, style, then the tests, ending with a line that counts. Arguments go to Vitest, but for `--debian`: with it
 * the tests run too that build Debian and boot it, which takes minutes.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../src/base/fault.ts'
import { type Count, countOf, crashed, lineOf, sum } from './test-count.ts'

const root = join(import.meta.dirname, '..')
const modules = join(root, 'node_modules')
const withDebian = process.argv.includes('--debian')
const passed: Count = { passed: 0, failed: 0, skipped: 0 }

/** Runs one of our tools with the terminal as its own; gives its status. */
async function runTool(path: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, ...(withDebian && { CUMULET_TEST_DEBIAN: '1' }) }
  const child = spawn(process.execPath, [join(modules, path), ...args], { cwd: root, stdio: 'inherit', env })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', pass)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', reject)
  child.once('exit', (status) => resolve(status ?? 1))
  return await promise.finally(() => process.off('SIGTERM', pass))
}

async function check(title: string, path: string, args: readonly string[]): Promise<Count> {
  say(title)
  return (await runTool(path, args)) === 0 ? passed : { ...passed, failed: 1 }
}

/** Without a word where a filter leaves nothing, and without writing beside packages that may be another user's. */
const quietly = ['--passWithNoTests', '--configLoader=native']

/** Vitest writes down what it counted, besides what it shows. */
async function vitest(title: string, args: readonly string[]): Promise<Count> {
  say(title)
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-test-'))
  const file = join(folder, 'report.json')
  try {
    const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const status = await runTool('vitest/vitest.mjs', ['run', ...quietly, ...report, ...args])
    return countOf(JSON.parse(await readFile(file, 'utf8')), status)
  } catch (error) {
    say(`Vitest ended without a report: ${messageOf(error)}`)
    return crashed
  } finally {
    await rm(folder, { recursive: true, force: true })
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
  yield await vitest('Tests of units', ['--project', 'unit', ...args])
  if (machines) yield await vitest('Tests with machines', ['--project', 'linux', ...args])
  else say('Tests with machines: skipped, they need root on Linux')
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
process.stdout.write(`\n${lineOf(total)}\n`)
process.exitCode = total.failed === 0 ? 0 : 1
