import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyId, SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { VolumeDriver } from '../driver.ts'
import { place } from './testing/place.ts'

const never = new AbortController().signal
const key: KeyId = '01234567-89ab-4def-8123-456789abcdef'
const limits = { operations: 3000, bytes: 2 ** 27 }
const volume: VolumeId = 'vol-0ec00000000000001'
const words = 'nobody shall read this who has the disk alone'

describe('an encrypted volume', () => {
  let at: Awaited<ReturnType<typeof place>>
  let driver: VolumeDriver
  beforeAll(async () => {
    at = await place()
    driver = await at.open()
    await driver.create({ id: volume, sizeMiB: 64, key }, never)
    await serve(volume)
  })
  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]()
    await at?.[Symbol.asyncDispose]()
  })

  const serve = (id: VolumeId) => driver.serve(id, { domains: ['dom_1'], limits }, never)
  const way = (id: VolumeId) => driver.connection('a1', id, 'dom_1')
  const write = (id: VolumeId, text: string, block = 0) => at.write(way(id), 'dom_1', block, text)
  const read = (id: VolumeId, block = 0) => at.read(way(id), 'dom_1', block)
  const snapshot = async (id: SnapshotId) => {
    await driver.freeze(volume, id, never)
    await driver.keep({ id, of: { kind: 'volume', volume } }, never)
  }

  it('holds what was written, and no file has it', async () => {
    await write(volume, words)
    expect(await read(volume)).toBe(words)
    expect(await filesWith(at.data, words)).toEqual([])
    // The same on a volume that is not encrypted: the search finds what there is.
    const plain: VolumeId = 'vol-0ec00000000000002'
    await driver.create({ id: plain, sizeMiB: 64 }, never)
    await serve(plain)
    await write(plain, words)
    expect(await filesWith(at.data, words)).toEqual([expect.stringContaining(plain)])
    await driver.remove(plain, never)
  })

  it('has snapshots that are encrypted, under a running guest, and volumes of them', async () => {
    await snapshot('snap-00000000000000001')
    await write(volume, 'later')
    const copy: VolumeId = 'vol-0ec00000000000003'
    await driver.create({ id: copy, sizeMiB: 128, from: 'snap-00000000000000001' }, never)
    await serve(copy)
    expect([await read(volume), await read(copy)]).toEqual(['later', words])
    await write(copy, 'at the end', 100 * 256)
    expect(await read(copy, 100 * 256)).toBe('at the end')
    expect(await filesWith(at.data, words)).toEqual([])
    await driver.remove(copy, never)
  })

  it('grows, is served again, and shows its key to nobody who lists processes', async () => {
    await driver.resize(volume, 256, never)
    await serve(volume)
    expect(await read(volume)).toBe('later')
    await driver.serve(volume, { domains: [], limits }, never)
    await serve(volume)
    expect(await read(volume)).toBe('later')
    const command = await readFile(`/proc/${at.serverOf(volume)!.pid}/cmdline`, 'utf8')
    expect(command).toContain(volume)
    expect(command).not.toContain('secret')
  })

  it('is made of what was not encrypted, and so is a copy of a snapshot: nothing of it is left open', async () => {
    const image: SnapshotId = 'snap-00000000000000002'
    await driver.keep({ id: image, of: { kind: 'image', image: at.image, file: 'root.img', sizeMiB: 64 } }, never)
    await driver.keep({ id: 'snap-00000000000000003', key, of: { kind: 'snapshot', snapshot: image } }, never)
    const [direct, copied]: VolumeId[] = ['vol-0ec00000000000004', 'vol-0ec00000000000005']
    await driver.create({ id: direct!, sizeMiB: 64, from: image, key }, never)
    await driver.create({ id: copied!, sizeMiB: 64, from: 'snap-00000000000000003' }, never)
    await driver.drop(image, never)
    await rm(join(at.data, 'images'), { recursive: true })
    expect(await filesWith(at.data, at.image)).toEqual([])
    for (const id of [direct!, copied!]) {
      await serve(id)
      expect(await read(id)).toBe(at.image)
      await driver.remove(id, never)
    }
  })

  it('loses nothing when a snapshot in the middle goes', async () => {
    const ids = ['snap-00000000000000011', 'snap-00000000000000012', 'snap-00000000000000013'] as const
    for (const [index, id] of ids.entries()) {
      await write(volume, `state ${index}`, 20 + index)
      await snapshot(id)
    }
    await driver.drop(ids[1], never)
    const copy: VolumeId = 'vol-0ec00000000000006'
    await driver.create({ id: copy, sizeMiB: 256, from: ids[2] }, never)
    await serve(copy)
    for (const index of ids.keys()) expect(await read(copy, 20 + index)).toBe(`state ${index}`)
    expect(await filesWith(at.data, 'state 1')).toEqual([])
    await driver.remove(copy, never)
  })

  it('is broken while the key of its account is another, or none, and whole again with that key', async () => {
    const file = join(at.data, 'keys', `${key}.key`)
    const stateOf = async () => (await driver.list(never)).volumes.find((it) => it.id === volume)
    await driver.serve(volume, { domains: [], limits }, never)
    await rename(file, `${file}.kept`)
    expect(await stateOf()).toMatchObject({ state: 'broken', message: expect.stringContaining('cannot be read') })
    await writeFile(file, Buffer.alloc(32))
    expect(await stateOf()).toMatchObject({ state: 'broken', message: expect.stringContaining('does not open it') })
    await expect(serve(volume)).rejects.toThrow('does not open it')
    await rename(`${file}.kept`, file)
    await serve(volume)
    expect(await read(volume)).toBe('later')
  })
})

/** The files below that have these words in them. */
async function filesWith(folder: string, words: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name))
  const found = await Promise.all(files.map(async (it) => ((await readFile(it)).includes(words) ? it : undefined)))
  return found.filter((it): it is string => it !== undefined && !it.endsWith('/written') && !it.endsWith('.json'))
}
