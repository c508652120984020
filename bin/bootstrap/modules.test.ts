import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { complaint, ensureModules, installedOf, isCurrent, modeOf } from './modules.cjs'

describe('a stamp', () => {
  test('is of this lockfile, and of enough packages', () => {
    expect(isCurrent({ lock: 'a', tools: true }, 'a', true)).toBe(true)
    expect(isCurrent({ lock: 'a', tools: true }, 'a', false)).toBe(true)
    expect(isCurrent({ lock: 'a', tools: false }, 'a', false)).toBe(true)
    expect(isCurrent({ lock: 'a', tools: false }, 'a', true)).toBe(false)
    expect(isCurrent({ lock: 'b', tools: true }, 'a', false)).toBe(false)
    expect(isCurrent(undefined, 'a', false)).toBe(false)
  })
})

describe('what npm itself installed', () => {
  const lock = {
    '': {},
    'node_modules/kysely': { version: '1.0.0' },
    'node_modules/vitest': { version: '5.0.0', dev: true },
    'node_modules/fsevents': { version: '2.0.0', dev: true, optional: true },
  }
  const { '': _, 'node_modules/vitest': tool, 'node_modules/fsevents': foreign, ...program } = lock
  const tools = { ...program, 'node_modules/vitest': tool }

  test('is enough without packages of other platforms', () => {
    expect(installedOf(lock, tools)).toBe(true)
    expect(installedOf(lock, { ...tools, 'node_modules/fsevents': foreign })).toBe(true)
  })

  test('is enough for the program without tools', () => expect(installedOf(lock, program)).toBe(false))

  test('is not enough with a package missing or of another version', () => {
    expect(installedOf(lock, { 'node_modules/vitest': tool })).toBeUndefined()
    expect(installedOf(lock, { ...tools, 'node_modules/kysely': { version: '0.9.0' } })).toBeUndefined()
    expect(installedOf(lock, { ...program, 'node_modules/vitest': { version: '4.0.0', dev: true } })).toBeUndefined()
  })
})

test('npm 6 is told in its own words what to leave out', () => {
  expect(modeOf(false, 6)).toEqual(['--production=true'])
  expect(modeOf(true, 6)).toEqual(['--production=false'])
  expect(modeOf(false, 9)).toContain('--omit=dev')
  expect(modeOf(true, 11)).toContain('--include=dev')
})

test('of what npm says, its errors are told without traces', () => {
  const said =
    'npm warn old\nnpm error code E404\nnpm error 404 Not Found\nnpm error     at fetch (x.js:1:2)\nnpm error\n'
  expect(complaint(said)).toBe('npm error code E404\nnpm error 404 Not Found')
  expect(complaint('npm ERR! code E1\n')).toBe('npm ERR! code E1')
  expect(complaint('Killed\n')).toBe('Killed')
})

describe('packages', () => {
  const progress = { step: async (_label: string, _what: string, work: () => Promise<void>) => work(), say: () => {} }
  let root: string

  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
  /** An npm that writes down how it was called, and leaves what npm would. */
  const fakeNpm = `
    const { mkdirSync, writeFileSync } = require('fs')
    if (process.argv[2] === '--version') return console.log('10.0.0')
    mkdirSync('node_modules/node-${process.platform}-${process.arch}/bin', { recursive: true })
    writeFileSync('node_modules/node-${process.platform}-${process.arch}/bin/node', '')
    writeFileSync('called', process.argv.slice(2).join(' '))
  `
  const env = () => ({ npm_execpath: join(root, 'npm-cli.js'), npm_node_execpath: process.execPath })
  const calls = async () => {
    const text = await readFile(join(root, 'called'), 'utf8').catch(() => '') // Not called: no file.
    await rm(join(root, 'called'), { force: true })
    return text
  }
  const ensure = async (withTools: boolean) => {
    await ensureModules({ root, withTools, env: env(), progress })
    return calls()
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cumulet-modules-'))
    await write('package-lock.json', '{"packages":{"":{}}}')
    await write('package.json', '{}')
    await write('npm-cli.js', fakeNpm)
  })
  afterEach(() => rm(root, { recursive: true }))

  test('are installed once', async () => {
    expect(await ensure(false)).toContain('ci')
    expect(await ensure(false)).toBe('')
  })

  test('are installed again when the lockfile is another', async () => {
    await ensure(false)
    await write('package-lock.json', '{"packages":{"":{},"node_modules/x":{"version":"1.0.0"}}}')
    expect(await ensure(false)).toContain('--omit=dev')
  })

  test('get their tools when tests want them, and keep them', async () => {
    await ensure(false)
    expect(await ensure(true)).toContain('--include=dev')
    expect(await ensure(false)).toBe('')
    await write('package-lock.json', '{"packages":{"":{},"node_modules/x":{"version":"1.0.0"}}}')
    expect(await ensure(false)).toContain('--include=dev')
  })

  test('that cannot be installed are told with what npm says', async () => {
    await write('npm-cli.js', `if (process.argv[2] === 'ci') { console.error('npm error code E404'); process.exit(1) }`)
    await expect(ensure(false)).rejects.toThrow(/npm error code E404/)
  })
})
