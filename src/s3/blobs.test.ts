import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemRandom } from '../base/random.ts'
import { Blobs, type Received } from './blobs.ts'

let folder: string
let blobs: Blobs
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-blobs-'))
  blobs = new Blobs(folder, systemRandom)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')

async function* chunks(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function bytesOf(received: readonly Received[], from = 0, to = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const read: Buffer[] = []
  for await (const chunk of await blobs.read(received, from, to)) read.push(Buffer.from(chunk))
  return Buffer.concat(read)
}

test.each([0, 1, 65_536, 262_144, 262_145, 3_000_000])(
  'what was received, %i bytes, is what is read',
  async (length) => {
    const bytes = randomBytes(length)
    const received = await blobs.receive(chunks(bytes, 60_000), ['sha256'])
    const sha256 = createHash('sha256').update(bytes).digest('base64')
    expect(received).toMatchObject({ bytes: length, md5: md5(bytes), checksums: { sha256 } })
    expect((await bytesOf([received])).equals(bytes)).toBe(true)
  },
)

test('a copy of odd pieces is what they are, however slowly it is written', async () => {
  const pieces = [700_001, 1, 262_144, 99_999, 1_500_000].map((it) => randomBytes(it))
  const received: Received[] = []
  for (const piece of pieces) received.push(await blobs.receive(chunks(piece, 65_536)))
  const [from, to] = [13, 2_000_000]
  const wanted = Buffer.concat(pieces).subarray(from, to)
  const copies = await Promise.all(
    Array.from({ length: 16 }, async () => blobs.receive(await blobs.read(received, from, to))),
  )
  for (const copy of copies) {
    expect(copy.md5).toBe(md5(wanted))
    expect((await bytesOf([copy])).equals(wanted)).toBe(true)
  }
})

test('nothing is left of what broke off', async () => {
  const before = await readdir(folder, { recursive: true })
  const broken = async function* () {
    yield randomBytes(600_000)
    throw new Error('gone')
  }
  await expect(blobs.receive(broken())).rejects.toThrow('gone')
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((it) => it.isFile())
  expect(files.length).toBe(before.filter((it) => it.includes('/')).length)
})
