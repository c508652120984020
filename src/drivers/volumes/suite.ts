import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DomainId, ImageId, SnapshotId, VolumeId } from '../../model/ids.ts'
import type { Connection, VolumeDriver } from './driver.ts'

/** One driver under test, and what the suite needs of the world around it. */
export interface VolumeSubject extends AsyncDisposable {
  /** A driver in a new process, as it were: over the same world as those before. */
  open(): Promise<VolumeDriver>
  readonly image: ImageId
  /** As the domain does: writes text into a block of the volume and flushes; reads it. */
  write(way: Connection, domain: DomainId, block: number, text: string): Promise<void>
  read(way: Connection, domain: DomainId, block: number): Promise<string>
  /** What serves the volume dies. */
  crash(id: VolumeId): Promise<void>
  /** What there is of a volume outside of the driver: processes, files. */
  remainsOf(id: VolumeId): Promise<string[]>
}

const never = new AbortController().signal
const host = 'a1'
const [one, two]: VolumeId[] = ['vol-00000000000000001', 'vol-00000200000000002']
const [first, second, third]: SnapshotId[] = [
  'snap-00000000000000001',
  'snap-00000000000000002',
  'snap-00000000000000003',
]
const [dom, other]: DomainId[] = ['dom_1', 'dom_2']
const limits = { operations: 3000, bytes: 125 * 2 ** 20 }

/** What every driver of volumes keeps to. */
export function volumeSuite(name: string, make: () => Promise<VolumeSubject>): void {
  describe(name, () => {
    let subject: VolumeSubject
    let driver: VolumeDriver
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(async () => await subject?.[Symbol.asyncDispose]())
    afterEach(async () => await driver[Symbol.asyncDispose]())
    beforeEach(async () => {
      driver = await subject.open()
      const { volumes, snapshots } = await driver.list(never)
      for (const { id } of volumes) await driver.remove(id, never)
      for (const { id } of snapshots) await driver.drop(id, never)
    })

    const way = (id = one, domain = dom) => driver.connection(host, id!, domain!)
    const serve = (id = one, domains = [dom]) => driver.serve(id!, { domains: domains as DomainId[], limits }, never)
    const write = (text: string, { block = 0, id = one, domain = dom } = {}) =>
      subject.write(way(id, domain), domain!, block, text)
    const read = ({ block = 0, id = one, domain = dom } = {}) => subject.read(way(id, domain), domain!, block)
    const snapshot = async (id: SnapshotId, volume = one) => {
      await driver.freeze(volume!, id, never)
      await driver.keep({ id, of: { kind: 'volume', volume: volume! } }, never)
    }
    const factOf = async (id = one) => (await driver.list(never)).volumes.find((it) => it.id === id)
    const snapshots = async () => (await driver.list(never)).snapshots.map((it) => [it.id, it.state]).toSorted()

    it('finds nothing where nothing was made', async () => {
      expect(await driver.list(never)).toEqual({ volumes: [], snapshots: [] })
    })

    it('makes a volume once, of the size that was asked for', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await driver.create({ id: one!, sizeMiB: 128 }, never)
      expect(await factOf()).toEqual({ id: one, state: 'ready', sizeMiB: 64, domains: [], frozen: [] })
    })

    it('serves a volume to the domains that were named, and to nobody else', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      expect(await factOf()).toMatchObject({ domains: [dom], limits })
      await write('written')
      expect(await read()).toBe('written')
      await expect(read({ domain: other })).rejects.toThrow()
      await serve(one, [])
      expect(await factOf()).toMatchObject({ domains: [] })
      await expect(read()).rejects.toThrow()
    })

    it('keeps what was written, from one domain to the next', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      await write('kept')
      await serve(one, [])
      await serve(one, [other])
      expect(await read({ domain: other })).toBe('kept')
    })

    it('changes the limits of what is served', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      const more = { operations: 100, bytes: 2 ** 20 }
      await driver.serve(one!, { domains: [dom!], limits: more }, never)
      expect(await factOf()).toMatchObject({ domains: [dom], limits: more })
    })

    it('serves several domains at once', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve(one, [dom, other])
      await write('shared')
      expect(await read({ domain: other })).toBe('shared')
      await serve(one, [other])
      await expect(read()).rejects.toThrow()
      expect(await read({ domain: other })).toBe('shared')
    })

    it('is found by the next driver, which goes on', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      await write('before')
      const found = await factOf()
      await driver[Symbol.asyncDispose]()
      driver = await subject.open()
      expect(await factOf()).toEqual(found)
      expect(await read()).toBe('before')
      await serve(one, [])
      await driver.remove(one!, never)
      expect(await subject.remainsOf(one!)).toEqual([])
    })

    it('says that nobody is served where what serves has died, and serves again with all that was written', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      await write('flushed')
      const told = Promise.withResolvers<void>()
      driver.watch(told.resolve)
      await subject.crash(one!)
      await told.promise
      expect(await factOf()).toMatchObject({ state: 'ready', domains: [] })
      await serve()
      expect(await read()).toBe('flushed')
    })

    it('grows a volume, also while it is served, and never shrinks one', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      await write('small')
      await driver.resize(one!, 128, never)
      await driver.resize(one!, 32, never)
      expect(await factOf()).toMatchObject({ sizeMiB: 128, domains: [dom] })
      await write('large', { block: 100 * 256 })
      expect([await read(), await read({ block: 100 * 256 })]).toEqual(['small', 'large'])
    })

    it('takes a snapshot of a volume that is written to: what came later is not in it', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      await write('then')
      await driver.freeze(one!, first!, never)
      await write('now')
      await driver.freeze(one!, first!, never)
      await driver.keep({ id: first!, of: { kind: 'volume', volume: one! } }, never)
      expect(await factOf()).toMatchObject({ frozen: [first], domains: [dom] })
      expect(await snapshots()).toEqual([[first, 'complete']])
      await driver.create({ id: two!, sizeMiB: 64, from: first! }, never)
      await serve(two)
      expect([await read(), await read({ id: two })]).toEqual(['now', 'then'])
    })

    it('loses nothing with a snapshot in the middle, nor with the volume', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      for (const [index, id] of [first!, second!, third!].entries()) {
        await write(`state ${index}`, { block: index })
        await snapshot(id)
      }
      await driver.drop(second!, never)
      await driver.drop(first!, never)
      await serve(one, [])
      await driver.remove(one!, never)
      expect(await snapshots()).toEqual([[third, 'complete']])
      await driver.create({ id: two!, sizeMiB: 64, from: third! }, never)
      await driver.drop(third!, never)
      await serve(two)
      for (const block of [0, 1, 2]) expect(await read({ id: two, block })).toBe(`state ${block}`)
    })

    it('gives back the room of a snapshot in the middle, and has what is before and after it', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      for (const [index, id] of [first!, second!, third!].entries()) {
        await write(`of ${index}`, { block: index })
        await write(`last ${index}`, { block: 8 })
        await snapshot(id)
      }
      await driver.drop(second!, never)
      await driver.drop(second!, never)
      const held = async (id: SnapshotId) => {
        await driver.create({ id: two!, sizeMiB: 64, from: id }, never)
        await serve(two)
        const seen = [await read({ id: two, block: 1 }), await read({ id: two, block: 8 })]
        await driver.remove(two!, never)
        return seen
      }
      expect(await held(third!)).toEqual(['of 1', 'last 2'])
      expect(await held(first!)).toEqual(['', 'last 0'])
      await driver.drop(first!, never)
      expect(await held(third!)).toEqual(['of 1', 'last 2'])
    })

    it('forgets a snapshot that was never kept, and what it was frozen for', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await driver.freeze(one!, first!, never)
      await driver.freeze(one!, second!, never)
      await driver.drop(first!, never)
      expect(await factOf()).toMatchObject({ frozen: [second] })
    })

    it('copies a snapshot, and keeps an image as one', async () => {
      await driver.keep(
        { id: first!, of: { kind: 'image', image: subject.image, file: 'root.img', sizeMiB: 64 } },
        never,
      )
      await driver.keep({ id: second!, of: { kind: 'snapshot', snapshot: first! } }, never)
      await driver.drop(first!, never)
      await driver.create({ id: one!, sizeMiB: 64, from: second! }, never)
      await serve()
      expect(await read()).toBe(subject.image)
    })

    it('refuses a volume of a snapshot that is not here', async () => {
      await expect(driver.create({ id: one!, sizeMiB: 64, from: first! }, never)).rejects.toThrow(first)
      expect(await factOf()).toBeUndefined()
    })

    it('leaves nothing of what is removed, and does nothing twice', async () => {
      await driver.create({ id: one!, sizeMiB: 64 }, never)
      await serve()
      await driver.remove(one!, never)
      await driver.remove(one!, never)
      await driver.drop(first!, never)
      expect(await subject.remainsOf(one!)).toEqual([])
    })
  })
}
