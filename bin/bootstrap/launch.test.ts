import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemCode } from '../../src/base/fault.ts'

/** Stands for cumulet: counts what it hears, tells it when it is asked to hang up, and ends with a status of its own. */
const program = `
  const heard = []
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => { heard.push(name); console.log('heard ' + heard) })
  process.on('SIGHUP', () => { console.log('in all ' + heard); process.exit(7) })
  setInterval(() => {}, 1000)
  console.log('ready ' + process.pid + ' ' + process.argv.slice(2).join(' '))
`

test('bin/cumulet starts with the same flags', () => {
  const { flags } = createRequire(import.meta.url)('./launch.cjs') as { flags: string[] }
  const script = readFileSync(join(import.meta.dirname, '../cumulet'), 'utf8')
  expect(script).toContain(`exec "$node" ${flags.join(' ')} "$root/src/bin/cumulet.ts"`)
})

describe('what is started', () => {
  let root: string
  const started = new Set<number>()

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cumulet-launch-'))
    await mkdir(join(root, 'src/bin'), { recursive: true })
    await writeFile(join(root, 'src/bin/cumulet.ts'), program)
  })
  afterEach(() => {
    for (const it of started) end(it)
    started.clear()
  })
  afterAll(() => rm(root, { recursive: true }))

  /** A bootstrap that has nothing left to do but to launch. */
  async function launched() {
    const request = JSON.stringify({ command: 'up', data: '/there', rest: ['--port', '1'] })
    const script = `require(${JSON.stringify(join(import.meta.dirname, 'launch.cjs'))})
      .launch(${request}, process.execPath, ${JSON.stringify(root)}).then((it) => process.exit(it))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const until = async (words: string) => {
      while (!said.includes(words)) await once(child.stdout, 'data')
      return said
    }
    const pid = Number(/ready (\d+)/.exec(await until('\n'))?.[1])
    started.add(child.pid ?? pid).add(pid)
    return { child, pid, until }
  }

  test('gets its data directory, its command and its arguments', async () => {
    const { until } = await launched()
    expect(await until('ready')).toContain('--data /there up --port 1')
  })

  test('hears once what comes from the terminal and from npm, and gives the status', async () => {
    const { child, until } = await launched()
    child.kill('SIGINT')
    child.kill('SIGINT')
    await until('heard SIGINT')
    child.kill('SIGTERM')
    await until('heard SIGINT,SIGTERM')
    child.kill('SIGHUP')
    const [status] = await once(child, 'exit')
    expect(await until('in all')).toMatch(/in all SIGINT,SIGTERM\n/)
    expect(status).toBe(7)
  })

  test.runIf(process.platform === 'linux')('is told to end when whoever started it is killed', async () => {
    const { child, pid, until } = await launched()
    child.kill('SIGKILL')
    await until('heard SIGTERM')
    process.kill(pid, 'SIGHUP')
  })
})

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error // It has ended, as most do.
  }
}
