import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identify, isAlive } from '../../../base/process.ts'
import type { KeyId, SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { VolumeDriver } from '../driver.ts'
import { volumeSuite } from '../suite.ts'
import { readRecord, type VolumeRecord } from './records.ts'
import { io, place } from './testing/place.ts'

volumeSuite('volumes in layers, with snapshots on another file system', () => place({ apart: true }))

const never = new AbortController().signal
const limits = { operations: 100_000, bytes: 2 ** 30 }
const key: KeyId = '01234567-89ab-4def-8123-456789abcdef'
const [origin, volume, other]: [VolumeId, VolumeId, VolumeId] = [
  'vol-0f111000000000001',
  'vol-0f111000000000002',
  'vol-0f111000000000003',
]
const [first, second]: [SnapshotId, SnapshotId] = ['snap-0f11100000000001', 'snap-0f11100000000002']
const mortal = fileURLToPath(new URL('testing/mortal.ts', import.meta.url))
const slowly = { fillBytesPerSecond: 2 ** 20 }

describe.each([
  ['a volume', {}],
  ['an encrypted volume', { key }],
])('%s made of a snapshot on another file system', (_, sealed) => {
  let at: Awaited<ReturnType<typeof place>>
  let driver: VolumeDriver
  beforeEach(async () => {
    at = await place({ apart: true })
    driver = await at.open(slowly)
    await driver.create({ id: origin, sizeMiB: 64, ...sealed }, never)
    await serve(origin)
    await at.write(way(origin), 'dom_1', 0, 'at the start')
    await io(way(origin), 'dom_1', 'write -P 7 1M 30M', 'flush')
    await at.write(way(origin), 'dom_1', 32 * 256, 'at the end')
    await snapshot(origin, first)
    await driver.remove(origin, never)
    await driver.create({ id: volume, sizeMiB: 64, from: first }, never)
  })
  afterEach(async () => {
    await driver[Symbol.asyncDispose]()
    await at[Symbol.asyncDispose]()
  })

  const serve = (id = volume, ...domains: 'dom_1'[]) =>
    driver.serve(id, { domains: ['dom_1', ...domains], limits }, never)
  const leave = () => driver.serve(volume, { domains: [], limits }, never)
  const way = (id = volume) => driver.connection('a1', id, 'dom_1')
  const read = (block: number, id = volume) => at.read(way(id), 'dom_1', block)
  const ends = async (id = volume) => [await read(0, id), await read(32 * 256, id)]
  const snapshot = async (id: VolumeId, name: SnapshotId) => {
    await driver.freeze(id, name, never)
    await driver.keep({ id: name, of: { kind: 'volume', volume: id } }, never)
  }
  const isFilled = (id = volume) => readRecord<VolumeRecord>(join(at.folder(id), 'volume.json'))?.filled === true
  const filled = (id = volume) => expect.poll(() => isFilled(id), { timeout: 30_000 }).toBe(true)
  const begun = () =>
    expect.poll(() => at.serverOf(volume) && existsSync(join(at.folder(volume), 'base.qcow2'))).toBe(true)
  /** The next driver fills without haste no more. */
  const hurry = async () => {
    await driver[Symbol.asyncDispose]()
    driver = await at.open()
  }
  const loseSnapshots = async () => {
    for (const it of await readdir(at.snapshots)) await rm(join(at.snapshots, it), { recursive: true })
  }

  it('can be used at once, and is there when the snapshots are lost', async () => {
    await serve()
    expect(await ends()).toEqual(['at the start', 'at the end'])
    await at.write(way(), 'dom_1', 0, 'changed')
    expect(isFilled()).toBe(false)
    await hurry()
    await filled()
    await loseSnapshots()
    expect(await ends()).toEqual(['changed', 'at the end'])
    await at.crash(volume)
    await serve()
    expect(await ends()).toEqual(['changed', 'at the end'])
  })

  it('is filled in while nobody has it, and nothing of it runs afterwards', async () => {
    await begun()
    expect((await driver.list(never)).volumes).toMatchObject([{ id: volume, state: 'ready', domains: [] }])
    await hurry()
    await filled()
    await expect.poll(() => at.serverOf(volume)).toBeUndefined()
    await loseSnapshots()
    await serve()
    expect(await ends()).toEqual(['at the start', 'at the end'])
  })

  it('goes on being filled in, whatever dies or is done with it meanwhile', async () => {
    await begun()
    await at.crash(volume)
    await serve()
    await at.crash(volume)
    await serve()
    await driver.resize(volume, 128, never)
    await at.write(way(), 'dom_1', 100 * 256, 'beyond')
    await snapshot(volume, second)
    await at.write(way(), 'dom_1', 0, 'later')
    await leave()
    await serve()
    expect(isFilled()).toBe(false)
    await hurry()
    await filled()
    await loseSnapshots()
    await at.crash(volume)
    await serve()
    expect([...(await ends()), await read(100 * 256)]).toEqual(['later', 'at the end', 'beyond'])
  })

  it('goes on being filled in when who had begun it is killed', async () => {
    await driver[Symbol.asyncDispose]()
    const agent = spawn(process.execPath, ['--no-warnings', mortal, at.data], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(agent.stdout, 'data')
    await begun()
    agent.kill('SIGKILL')
    await once(agent, 'exit')
    expect(isAlive(at.serverOf(volume)!)).toBe(true)
    driver = await at.open()
    await filled()
    await expect.poll(() => at.serverOf(volume)).toBeUndefined()
    await loseSnapshots()
    await serve()
    expect(await ends()).toEqual(['at the start', 'at the end'])
  })

  it('is removed while it is filled in', async () => {
    await begun()
    const { pid } = at.serverOf(volume)!
    await driver.remove(volume, never)
    expect(await at.remainsOf(volume)).toEqual([])
    expect(identify(pid)).toBeUndefined()
  })

  it('leaves nobody behind who fills it in when the driver lets go', async () => {
    await begun()
    const process = at.serverOf(volume)!
    await driver[Symbol.asyncDispose]()
    expect(isAlive(process)).toBe(false)
  })

  it('has snapshots that cost what changed, and are whole though the one before is gone', async () => {
    await hurry()
    await filled()
    await serve()
    await at.write(way(), 'dom_1', 0, 'changed')
    await snapshot(volume, second)
    expect((await driver.list(never)).snapshots.find((it) => it.id === second)!.bytes!).toBeLessThan(4 * 2 ** 20)
    await driver.drop(first, never)
    await driver.drop(second, never)
    expect(await readdir(at.snapshots)).toEqual([])
    await snapshot(volume, second)
    await driver.remove(volume, never)
    await driver.create({ id: other, sizeMiB: 64, from: second }, never)
    await serve(other)
    expect(await ends(other)).toEqual(['changed', 'at the end'])
    await filled(other)
  })
})
