import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../../base/subprocess.ts'
import type { SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { VolumeDriver } from '../driver.ts'
import { layerFile, numbersIn } from './layers.ts'
import { io, place } from './testing/place.ts'

const never = new AbortController().signal
const limits = { operations: 100_000, bytes: 2 ** 30 }
const [good, bad]: [VolumeId, VolumeId] = ['vol-0fa01700000000001', 'vol-0fa01700000000002']
const snapshot: SnapshotId = 'snap-0fa01700000000001'

describe('volumes on a small disk', () => {
  let at: Awaited<ReturnType<typeof place>>
  let driver: VolumeDriver
  let disk: string
  beforeAll(async () => {
    at = await place()
    disk = join(at.data, 'volumes')
    await mkdir(disk, { recursive: true })
    await run('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', disk])
  })
  afterAll(async () => {
    await run('umount', ['-l', disk])
    await at?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    driver = await at.open()
    for (const id of [good, bad]) {
      await driver.create({ id, sizeMiB: 64 }, never)
      await serve(id)
      await at.write(way(id), 'dom_1', 0, `of ${id}`)
    }
  })
  afterEach(async () => {
    for (const id of [good, bad]) await driver.remove(id, never)
    await driver[Symbol.asyncDispose]()
  })

  const serve = (id: VolumeId) => driver.serve(id, { domains: ['dom_1'], limits }, never)
  const leave = (id: VolumeId) => driver.serve(id, { domains: [], limits }, never)
  const way = (id: VolumeId) => driver.connection('a1', id, 'dom_1')
  const read = (id: VolumeId, block = 0) => at.read(way(id), 'dom_1', block)
  const factOf = async (id: VolumeId) => (await driver.list(never)).volumes.find((it) => it.id === id)
  const goodGoesOn = async () => {
    expect(await factOf(good)).toMatchObject({ state: 'ready', domains: ['dom_1'] })
    await at.write(way(good), 'dom_1', 0, 'goes on')
    expect(await read(good)).toBe('goes on')
  }

  it('tell their writer when it is full, lose nothing, and go on when there is room', async () => {
    const other = join(disk, 'other')
    await writeFile(other, Buffer.alloc(4 * 2 ** 20))
    await at.write(way(bad), 'dom_1', 256, 'before')
    await expect(io(way(bad), 'dom_1', 'write -P 7 2M 40M', 'flush')).rejects.toThrow('exit 1')
    expect((await statfs(disk)).bavail).toBeLessThan(16) // The writer was told of this, and of nothing else.
    await goodGoesOn()
    await expect(driver.freeze(bad, snapshot, never)).rejects.toThrow()
    expect(await factOf(bad)).toMatchObject({ state: 'ready', domains: ['dom_1'], frozen: [] })
    expect([await read(bad), await read(bad, 256)]).toEqual([`of ${bad}`, 'before'])
    await rm(other)
    await at.write(way(bad), 'dom_1', 60 * 256, 'after')
    await at.crash(bad)
    await serve(bad)
    expect([await read(bad), await read(bad, 256), await read(bad, 60 * 256)]).toEqual([`of ${bad}`, 'before', 'after'])
    await driver.freeze(bad, snapshot, never)
    await run('qemu-img', ['check', '-q', '-U', layerFile(at.folder(bad), 0)])
  })

  it('keep all their layers where there is no room to merge them', async () => {
    const ids = [1, 2, 3, 4].map((it): SnapshotId => `snap-0fa0170000000001${it}`)
    const keep = (id: SnapshotId) => driver.keep({ id, of: { kind: 'volume', volume: bad } }, never)
    for (const [index, id] of ids.entries()) {
      await at.write(way(bad), 'dom_1', 256 * index, `state ${index}`)
      await driver.freeze(bad, id, never)
      if (id !== ids.at(-1)) await keep(id)
    }
    const other = join(disk, 'other')
    await expect(writeFile(other, Buffer.alloc(32 * 2 ** 20))).rejects.toThrow('ENOSPC')
    await truncate(other, (await stat(other)).size - 16_384) // Room for names, and not for what they name.
    await keep(ids.at(-1)!)
    await expect.poll(at.logged, { timeout: 20_000 }).toContain('No space left on device')
    expect(await numbersIn(at.folder(bad))).toHaveLength(5)
    await rm(other)
    await at.crash(bad)
    await serve(bad)
    for (const index of ids.keys()) expect(await read(bad, 256 * index)).toBe(`state ${index}`)
    for (const id of ids) await driver.drop(id, never)
  })

  it.each([
    ['its header', 60],
    ['its tables', 70_000],
  ])('are broken where a layer was cut within %s', async (_, bytes) => {
    await leave(bad)
    await truncate(layerFile(at.folder(bad), 0), bytes)
    expect(await factOf(bad)).toMatchObject({ state: 'broken', message: 'layer 0 is torn' })
    await expect(serve(bad)).rejects.toThrow('layer 0 is torn')
    await driver.create({ id: bad, sizeMiB: 64 }, never)
    expect((await stat(layerFile(at.folder(bad), 0))).size).toBe(bytes)
    await goodGoesOn()
  })

  it('are broken where a layer is missing, which is not made anew', async () => {
    await driver.freeze(bad, snapshot, never)
    await leave(bad)
    await rm(layerFile(at.folder(bad), 0))
    expect(await factOf(bad)).toMatchObject({ state: 'broken', message: 'layer 0 is missing' })
    await expect(serve(bad)).rejects.toThrow('layer 0 is missing')
    await driver.create({ id: bad, sizeMiB: 64 }, never)
    await expect(stat(layerFile(at.folder(bad), 0))).rejects.toThrow('ENOENT')
    await goodGoesOn()
  })

  it('are not made of a snapshot of which a layer was cut behind its tables, where it would read as zeros', async () => {
    await driver.freeze(bad, snapshot, never)
    await driver.keep({ id: snapshot, of: { kind: 'volume', volume: bad } }, never)
    const stored = layerFile(join(at.snapshots, bad), 0)
    await truncate(stored, (await stat(stored)).size - 4096)
    await run('qemu-img', ['info', stored])
    const made: VolumeId = 'vol-0fa01700000000003'
    await expect(driver.create({ id: made, sizeMiB: 64, from: snapshot }, never)).rejects.toThrow(
      `layer 0 is torn in ${bad} among the snapshots`,
    )
    await driver.remove(made, never)
    await driver.drop(snapshot, never)
    expect(existsSync(join(at.snapshots, bad))).toBe(false)
    await goodGoesOn()
  })

  it('say why a server does not start, touch nothing, and are served when it does', async () => {
    await leave(bad)
    const before = await readFile(layerFile(at.folder(bad), 0))
    // The program itself refuses these, and ends before it has the volume.
    const refused = { domains: ['dom_1'], limits: { operations: -1, bytes: 2 ** 30 } } as const
    await expect(driver.serve(bad, refused, never)).rejects.toThrow('iops')
    expect(at.serverOf(bad)).toBeUndefined()
    expect(await factOf(bad)).toMatchObject({ state: 'ready', domains: [] })
    expect(before.equals(await readFile(layerFile(at.folder(bad), 0)))).toBe(true)
    await goodGoesOn()
    await serve(bad)
    expect(await read(bad)).toBe(`of ${bad}`)
  })
})
