import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { mostElasticAddresses, volumeCooldownMs } from '../model/cloud.ts'
import { type Choices, cloudOf, pathsOf, settle } from './settings.ts'

async function place() {
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-settings-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return pathsOf(folder)
}

const fake: Choices = { hypervisor: 'fake', memoryMiB: 8192 }

test.each<[Choices, string]>([
  [{ name: 'My-Cloud' }, 'My-Cloud'],
  [{ region: "us'west" }, 'region'],
  [{ region: 'us,west' }, 'region'],
  [{ hostsPerZone: 0 }, 'hosts'],
  [{ hostsPerZone: 1000 }, 'hosts'],
  [{ scale: 0 }, 'scale'],
  [{ memoryMiB: 0 }, 'memory'],
  [{ port: 99_999 }, 'port'],
  [{ publicNetwork: 'foo' }, 'public'],
  [{ publicNetwork: '203.0.113.0/16' }, '/24'],
  [{ publicNetwork: '203.0.113.7/24' }, '/24'],
])('a choice that no cloud can live with is refused before anything is kept: %j', async (choice, word) => {
  const paths = await place()
  await expect(settle(paths, { ...fake, ...choice })).rejects.toThrow(word)
  await expect(access(paths.settings)).rejects.toThrow()
  await expect(settle(paths, fake)).resolves.toMatchObject({ name: 'cumulet' })
})

test('port 0 is a free one, the same ever after', async () => {
  const paths = await place()
  const { listen } = await settle(paths, { ...fake, port: 0 })
  expect(listen.port).toBeGreaterThan(0)
  expect((await settle(paths, {})).listen).toEqual(listen)
  expect((await settle(paths, { port: 0 })).listen.port).toBeGreaterThan(0)
})

test('traces that are neither wanted nor not are refused', async () => {
  const paths = await place()
  const settings = await settle(paths, fake)
  await writeFile(paths.settings, JSON.stringify({ ...settings, traces: true }))
  await expect(settle(paths, {})).resolves.toMatchObject({ traces: true })
  await writeFile(paths.settings, JSON.stringify({ ...settings, traces: 'yes' }))
  await expect(settle(paths, {})).rejects.toThrow('true or false')
})

test('a port that is none is refused at a later start too', async () => {
  const paths = await place()
  await settle(paths, fake)
  await expect(settle(paths, { port: 99_999 })).rejects.toThrow('port')
  expect((await settle(paths, { port: 8774 })).listen).toEqual({ host: '127.0.0.1', port: 8774 })
})

test('a choice that was made once is not silently passed over at a later start', async () => {
  const paths = await place()
  await settle(paths, { ...fake, publicNetwork: '203.0.113.0/24', machineLink: false })
  await settle(paths, { ...fake, publicNetwork: '203.0.113.0/24', machineLink: false })
  await expect(settle(paths, { memoryMiB: 4096 })).rejects.toThrow('memoryMiB 8192')
  await expect(settle(paths, { publicNetwork: '198.51.100.0/24' })).rejects.toThrow('publicNetwork 203.0.113.0/24')
  const linked = await place()
  await settle(linked, fake)
  await expect(settle(linked, { machineLink: false })).rejects.toThrow('machine link')
})

test('an operator lets accounts have more elastic addresses, or none, by a line in the file', async () => {
  const paths = await place()
  const quota = async () => mostElasticAddresses(cloudOf(await settle(paths, fake), 'none'))
  await settle(paths, fake)
  expect(await quota()).toBe(5)
  const write = async (elasticAddresses: number) => {
    const kept = JSON.parse(await readFile(paths.settings, 'utf8')) as object
    await writeFile(paths.settings, JSON.stringify({ ...kept, elasticAddresses }))
  }
  for (const number of [20, 0]) {
    await write(number)
    expect(await quota()).toBe(number)
  }
  await write(-1)
  await expect(settle(paths, fake)).rejects.toThrow('elastic addresses')
})

test('an operator says in the same way how long volumes rest after a change', async () => {
  const paths = await place()
  const kept = await settle(paths, fake)
  expect(volumeCooldownMs(cloudOf(kept, 'none'))).toBe(6 * 3_600_000)
  await writeFile(paths.settings, JSON.stringify({ ...kept, volumeCooldownHours: 0 }))
  expect(volumeCooldownMs(cloudOf(await settle(paths, fake), 'none'))).toBe(0)
  await writeFile(paths.settings, JSON.stringify({ ...kept, volumeCooldownHours: -1 }))
  await expect(settle(paths, fake)).rejects.toThrow('0 or more')
})
