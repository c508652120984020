import { existsSync } from 'node:fs'
import { open, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { VolumeDriver } from '../driver.ts'
import { volumeSuite } from '../suite.ts'
import { numbersIn } from './layers.ts'
import { NbdClient } from './testing/nbd.ts'
import { io, place } from './testing/place.ts'

const never = new AbortController().signal
volumeSuite('volumes in layers', place)

describe('volumes in layers', () => {
  let at: Awaited<ReturnType<typeof place>>
  let driver: VolumeDriver
  const volume: VolumeId = 'vol-abcdef00000000001'
  const limits = { operations: 3000, bytes: 2 ** 27 }
  const serve = (id: VolumeId) => driver.serve(id, { domains: ['dom_1'], limits }, never)
  beforeAll(async () => {
    at = await place()
    driver = await at.open()
    await driver.create({ id: volume, sizeMiB: 1024 }, never)
  })
  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]()
    await at?.[Symbol.asyncDispose]()
  })

  it('cost next to nothing while they are empty', async () => {
    expect((await stat(join(at.folder(volume), '0.qcow2'))).blocks * 512).toBeLessThan(1024 * 1024)
  })

  it('are cut off from a domain that had them open, while others go on', async () => {
    const id: VolumeId = 'vol-abcdef00000000006'
    await driver.create({ id, sizeMiB: 64 }, never)
    await driver.serve(id, { domains: ['dom_1', 'dom_2'], limits }, never)
    const way = driver.connection('a1', id, 'dom_1')
    const open = await NbdClient.open(way.socket, way.export)
    await open.write(1)
    await driver.serve(id, { domains: ['dom_2'], limits }, never)
    await expect(open.write(2)).rejects.toThrow()
    const other = driver.connection('a1', id, 'dom_2')
    const client = await NbdClient.open(other.socket, other.export)
    expect([await client.read(1), await client.read(2)]).toEqual([1, undefined])
    client.close()
    await driver.remove(id, never)
  })

  it('let through at once what waits for limits that are raised', async () => {
    const id: VolumeId = 'vol-abcdef00000000007'
    await driver.create({ id, sizeMiB: 64 }, never)
    const serveWith = (operations: number) =>
      driver.serve(id, { domains: ['dom_1'], limits: { ...limits, operations } }, never)
    await serveWith(1)
    let isDone = false
    const writes = Array.from({ length: 1000 }, (_, index) => `write -q ${index * 4096} 512`)
    const written = io(driver.connection('a1', id, 'dom_1'), 'dom_1', ...writes).then(() => (isDone = true))
    await serve(volume)
    await at.write(driver.connection('a1', volume, 'dom_1'), 'dom_1', 0, 'of another')
    expect(isDone).toBe(false)
    const { pid } = at.serverOf(id)!
    await serveWith(100_000)
    await written
    expect(at.serverOf(id)!.pid).toBe(pid)
    await driver.remove(id, never)
  })

  it('cost a snapshot what changed, not what there is', async () => {
    await serve(volume)
    const way = driver.connection('a1', volume, 'dom_1')
    await io(way, 'dom_1', 'write -P 7 0 32M', 'flush')
    const sizes: number[] = []
    for (const id of ['snap-00000000000000001', 'snap-00000000000000002'] as SnapshotId[]) {
      await driver.freeze(volume, id, never)
      await driver.keep({ id, of: { kind: 'volume', volume } }, never)
      sizes.push((await driver.list(never)).snapshots.find((it) => it.id === id)!.bytes!)
      await io(way, 'dom_1', 'write -P 8 64M 1M', 'flush')
    }
    expect(sizes[0]).toBeGreaterThan(32 * 2 ** 20)
    expect(sizes[1]).toBeLessThan(4 * 2 ** 20)
  })

  it('merge their layers behind the back of a guest, and lose nothing of it nor of snapshots', async () => {
    const id: VolumeId = 'vol-abcdef00000000002'
    await driver.create({ id, sizeMiB: 64 }, never)
    await serve(id)
    const way = driver.connection('a1', id, 'dom_1')
    const names = Array.from({ length: 9 }, (_, index) => `snap-0000000000000010${index}` as SnapshotId)
    for (const [index, name] of names.entries()) {
      await at.write(way, 'dom_1', index, `state ${index}`)
      await driver.freeze(id, name, never)
      await driver.keep({ id: name, of: { kind: 'volume', volume: id } }, never)
      // What a server has from its start is merged like what it was given later.
      if (index === 2) {
        await at.crash(id)
        await serve(id)
      }
      // One that nobody wants any more does not hold the others up.
      if (index === 3) await driver.drop(name, never)
    }
    await expect.poll(async () => (await numbersIn(at.folder(id))).length, { timeout: 20_000 }).toBeLessThan(5)
    await expect.poll(() => heldOpen(at.serverOf(id)!.pid), { timeout: 20_000 }).toEqual([])
    for (const restart of [false, true]) {
      if (restart) await at.crash(id)
      await serve(id)
      for (const index of names.keys()) expect(await at.read(way, 'dom_1', index)).toBe(`state ${index}`)
    }
    await driver.remove(id, never)
    const copy: VolumeId = 'vol-abcdef00000000003'
    for (const last of [2, 8]) {
      await driver.create({ id: copy, sizeMiB: 64, from: names[last]! }, never)
      await serve(copy)
      const read = names.map((_, block) => at.read(driver.connection('a1', copy, 'dom_1'), 'dom_1', block))
      expect(await Promise.all(read)).toEqual(names.map((_, index) => (index <= last ? `state ${index}` : '')))
      await driver.remove(copy, never)
    }
    const stored = join(at.snapshots, id)
    for (const it of names.slice(1, 8)) await driver.drop(it, never)
    expect((await numbersIn(stored)).length).toBe(2)
    for (const it of names) await driver.drop(it, never)
    expect(existsSync(stored)).toBe(false)
  })

  it('leave what was kept of them when their folder is lost', async () => {
    const [lost, again]: VolumeId[] = ['vol-abcdef00000000004', 'vol-abcdef00000000005']
    await driver.create({ id: lost!, sizeMiB: 64 }, never)
    await serve(lost!)
    await at.write(driver.connection('a1', lost!, 'dom_1'), 'dom_1', 0, 'kept apart')
    const id: SnapshotId = 'snap-00000000000000201'
    await driver.freeze(lost!, id, never)
    await driver.keep({ id, of: { kind: 'volume', volume: lost! } }, never)
    await at.crash(lost!)
    await rm(at.folder(lost!), { recursive: true })
    await driver.create({ id: again!, sizeMiB: 64, from: id }, never)
    await serve(again!)
    expect(await at.read(driver.connection('a1', again!, 'dom_1'), 'dom_1', 0)).toBe('kept apart')
    await driver.remove(again!, never)
    await driver.drop(id, never)
  })

  it('are broken where a layer is missing or their description is torn, and others go on', async () => {
    const [torn, holed]: VolumeId[] = ['vol-0badbad0000000001', 'vol-0badbad0000000002']
    for (const id of [torn!, holed!]) await driver.create({ id, sizeMiB: 64 }, never)
    await writeFile(join(at.folder(torn!), 'volume.json'), '{"id":"vol-0bad')
    await driver.freeze(holed!, 'snap-00000000000000009', never)
    await rm(join(at.folder(holed!), '0.qcow2'))
    const states = new Map((await driver.list(never)).volumes.map((it) => [it.id, it.state]))
    expect(states).toEqual(
      new Map([
        [volume, 'ready'],
        [torn, 'broken'],
        [holed, 'broken'],
      ]),
    )
    for (const id of [torn!, holed!]) await expect(serve(id)).rejects.toThrow()
    await serve(volume)
    expect((await stat(join(at.folder(torn!), 'volume.json'))).size).toBe(15)
  })

  it('say what the server said where it does not start', async () => {
    const bad: VolumeId = 'vol-0badbad0000000003'
    await driver.create({ id: bad, sizeMiB: 64 }, never)
    await using layer = await open(join(at.folder(bad), '0.qcow2'), 'r+')
    await layer.write(Buffer.of(9), 0, 1, 7) // A version of the format that there is none of.
    await expect(serve(bad)).rejects.toThrow('layer 0 cannot be opened: QEMU refused: Unsupported qcow2 version 9')
    expect(at.serverOf(bad)).toBeUndefined()
  })
})

/** Files that the process has open and that have no name any more: their room is not free. */
async function heldOpen(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`
  const files = await Promise.all((await readdir(folder)).map((it) => readlink(join(folder, it)).catch(() => '')))
  return files.filter((it) => it.endsWith('(deleted)') && it.includes('.qcow2'))
}
