import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let root: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cumulet start-')))
  await mkdir(join(root, 'bin'))
  await cp(join(import.meta.dirname, 'start'), join(root, 'bin/start'))
  await writeFile(join(root, 'bin/cumulet'), `#!/bin/sh\necho "runs $$ in $PWD:"; printf '<%s>' "$@"\n`)
  await chmod(join(root, 'bin/cumulet'), 0o755)
})
afterEach(() => rm(root, { recursive: true }))

/** Starts with a bootstrap that ends with `status`. */
async function started(status: number, ...args: string[]) {
  const bootstrap = `console.log('bootstrap ' + process.argv.slice(2)); process.exit(${status})`
  await writeFile(join(root, 'bin/bootstrap.cjs'), bootstrap)
  const env = { ...process.env, INIT_CWD: '/' }
  const child = spawn('sh', [join(root, 'bin/start'), ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { said, code, pid: child.pid }
}

it('starts in the background, and ends as that does', async () => {
  const { said, code } = await started(3, '--data', 'a b', '--port', '1')
  expect(said).toBe('bootstrap up,--detach,--data,a b,--port,1\n')
  expect(code).toBe(3)
})

describe('in the foreground', () => {
  it('gives its place to the cloud once the machine is ready, in the folder where npm was called', async () => {
    const { said, code, pid } = await started(0, '--data', 'a b', '--foreground')
    const given = 'up,--data,a b,--foreground'
    expect(said).toBe(`bootstrap prepare,${given}\nruns ${pid} in /:\n<up><--data><a b><--foreground>`)
    expect(code).toBe(0)
  })

  it('starts nothing where the machine cannot be made ready', async () => {
    const { said, code } = await started(3, '--foreground')
    expect(said).toBe('bootstrap prepare,up,--foreground\n')
    expect(code).toBe(3)
  })
})
