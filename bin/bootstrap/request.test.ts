import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultDataDirectory as defaultOfCumulet } from '../../src/bin/settings.ts'
import { commandLine } from './launch.cjs'
import { checkPlatform } from './platform.cjs'
import { defaultDataDirectory, needsMachines, parseRequest } from './request.cjs'

const parse = (...argv: string[]) => parseRequest(argv, { CUMULET_HOME: '/nowhere' }, true)

describe('the data directory', () => {
  test('is found behind the command, and given before it', () => {
    for (const given of [['--data', '/there'], ['--data=/there']]) {
      const request = parse('up', '--port', '1', ...given)
      expect(request).toEqual({ command: 'up', data: '/there', rest: ['--port', '1'] })
      expect(commandLine(request, '/node', '/root').slice(-6)).toEqual([
        '/root/src/bin/cumulet.ts',
        '--data',
        '/there',
        'up',
        '--port',
        '1',
      ])
    }
  })

  test('is seen from where npm was called', () => {
    expect(parseRequest(['up', '--data', 'x'], { INIT_CWD: '/home/me' }, false).data).toBe('/home/me/x')
  })

  test('must be said when it is begun', () => expect(() => parse('up', '--data')).toThrow('--data wants a directory'))

  test('is by default that of cumulet itself', () => {
    for (const env of [{}, { CUMULET_HOME: '/a' }, { XDG_DATA_HOME: '/b' }]) {
      for (const isRoot of [true, false]) expect(defaultDataDirectory(env, isRoot)).toBe(defaultOfCumulet(env, isRoot))
    }
  })
})

test('arguments of tests are theirs', () => {
  expect(parse('test', '--data', 'x')).toEqual({ command: 'test', rest: ['--data', 'x'] })
})

describe('machines', () => {
  let cloud: string
  beforeAll(async () => {
    cloud = await mkdtemp(join(tmpdir(), 'cumulet-request-'))
    await writeFile(join(cloud, 'cloud.json'), '{"hypervisor":"fake"}')
  })
  afterAll(() => rm(cloud, { recursive: true }))

  test('are needed by a start, unless it only plays them', () => {
    expect(needsMachines(parse('up'))).toBe(true)
    expect(needsMachines(parse('up', '--hypervisor', 'qemu'))).toBe(true)
    expect(needsMachines(parse('up', '--hypervisor', 'fake'))).toBe(false)
    expect(needsMachines(parse('up', '--hypervisor=fake'))).toBe(false)
    expect(needsMachines(parse('up', '--data', cloud))).toBe(false)
    expect(needsMachines(parse('up', '--help'))).toBe(false)
  })

  test('are needed to measure, not to ask', () => {
    expect(needsMachines(parse('bench'))).toBe(true)
    expect(needsMachines(parse('status'))).toBe(false)
  })

  test('need Linux and root, and both is said with a way out', () => {
    const asRoot = { platform: 'linux', getuid: () => 0, env: {} } as const
    expect(() => checkPlatform(parse('up'), asRoot)).not.toThrow()
    expect(() => checkPlatform(parse('up'), { ...asRoot, getuid: () => 1000 })).toThrow(/sudo npm start\n[\s\S]*fake/)
    expect(() => checkPlatform(parse('up'), { ...asRoot, platform: 'darwin' })).toThrow(/Linux[\s\S]*fake/)
  })

  test('under an npm that gives up root are started without it', () => {
    const given = { platform: 'linux', getuid: () => 1000, env: { SUDO_UID: '1000' } } as const
    expect(() => checkPlatform(parse('up'), given)).toThrow(/sudo node bin\/bootstrap.cjs up/)
  })
})
