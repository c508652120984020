import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DiskSpec } from '../../host-api/spec.ts'
import type { DomainId, ImageId } from '../../model/ids.ts'
import type { StorageDriver } from './driver.ts'

/** One driver under test, and what the suite needs of the world around it. */
export interface StorageSubject extends AsyncDisposable {
  /** A driver in a new process, as it were: over the same world as those before. */
  open(): StorageDriver
  /** An image of the world, with the files `root.img` and `vmlinuz`. */
  readonly image: ImageId
  /** An image that the world does not have. */
  readonly missing: ImageId
}

const never = new AbortController().signal
const one: DomainId = 'dom_1'
const two: DomainId = 'dom_2'

export function root(image: ImageId, sizeMiB = 64): DiskSpec {
  return { name: 'sda1', serial: 'sda1', kind: 'root', image, file: 'root.img', sizeMiB }
}
export const ephemeral: DiskSpec = {
  name: 'sda2',
  serial: 'sda2',
  kind: 'ephemeral',
  sizeMiB: 512,
  label: 'ephemeral0',
}
export const swap: DiskSpec = { name: 'sda3', serial: 'sda3', kind: 'swap', sizeMiB: 32 }

/** What every storage driver keeps to. */
export function storageSuite(name: string, make: () => Promise<StorageSubject>): void {
  describe(name, () => {
    let subject: StorageSubject
    let driver: StorageDriver
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(async () => await subject?.[Symbol.asyncDispose]())
    beforeEach(async () => {
      driver = subject.open()
      for (const it of await driver.list(never)) await driver.release(it, never)
    })

    it('finds nothing where nothing was made', async () => {
      expect(await driver.list(never)).toEqual([])
    })

    it('says where each disk is, in the order given', async () => {
      const nodes = await driver.provide(one, [swap, root(subject.image), ephemeral], never)
      expect(nodes.map((it) => it.serial)).toEqual(['sda3', 'sda1', 'sda2'])
      expect(new Set(nodes.map((it) => it.file)).size).toBe(3)
    })

    it('leaves the disks of a domain as they are when it is asked again', async () => {
      const first = await driver.provide(one, [root(subject.image)], never)
      const [again] = await subject.open().provide(one, [root(subject.image), swap], never)
      expect(again).toEqual(first[0])
    })

    it('gives the same answer to those who ask at the same time', async () => {
      const disks = [root(subject.image), ephemeral, swap]
      const answers = await Promise.all([1, 2, 3].map(() => driver.provide(one, disks, never)))
      expect(answers[1]).toEqual(answers[0])
      expect(answers[2]).toEqual(answers[0])
    })

    it('gives every domain disks of its own', async () => {
      const [ours] = await driver.provide(one, [root(subject.image)], never)
      const [theirs] = await driver.provide(two, [root(subject.image)], never)
      expect(ours?.file).not.toBe(theirs?.file)
      expect((await subject.open().list(never)).toSorted()).toEqual([one, two])
    })

    it('releases the disks of one domain, and nothing of others', async () => {
      await driver.provide(one, [swap], never)
      await driver.provide(two, [swap], never)
      await driver.release(one, never)
      await driver.release(one, never)
      expect(await driver.list(never)).toEqual([two])
    })

    it('makes new disks after a release', async () => {
      const before = await driver.provide(one, [swap], never)
      await driver.release(one, never)
      expect(await driver.provide(one, [swap], never)).toEqual(before)
    })

    it('refuses a disk over an image that is missing', async () => {
      await expect(driver.provide(one, [root(subject.missing)], never)).rejects.toThrow(subject.missing)
    })

    it('finds the files of images, and refuses those that are missing', async () => {
      expect(await driver.imageFile(subject.image, 'vmlinuz')).toMatch(/^\/.*vmlinuz$/)
      await expect(driver.imageFile(subject.missing, 'vmlinuz')).rejects.toThrow(subject.missing)
    })

    it('does nothing for one who has given up', async () => {
      await expect(driver.provide(one, [swap], AbortSignal.abort(new Error('given up')))).rejects.toThrow()
      expect(await driver.list(never)).toEqual([])
    })
  })
}
