import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { unpackOci } from './oci.ts'
import { digestOf, type TarMember, tar, writeLayout } from './testing/archives.ts'
import { unpackLayer } from './unpack.ts'

let home: string
let root: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cumulet-unpack-'))
  root = join(home, 'root')
  await mkdir(root)
  await writeFile(join(home, 'secret'), 'ours')
})
afterEach(() => rm(home, { recursive: true }))

const budget = () => ({ bytes: 1_000_000, entries: 100 })
async function* pieces(content: Buffer, size = 700) {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
}
const unpack = (...members: readonly TarMember[]) => unpackLayer(pieces(tar(...members)), root, budget())
const read = (path: string) => readFile(join(root, path), 'utf8')

describe('a layer', () => {
  test('has files, folders, links, modes and times', async () => {
    await unpack(
      { name: './usr/bin/', type: '5', mode: 0o750 },
      { name: './usr/bin/tool', content: 'x'.repeat(2000), mode: 0o4755 },
      { name: 'bin', type: '2', target: 'usr/bin' },
      { name: '/usr/bin/same', type: '1', target: './usr/bin/tool' },
    )
    expect(await read('bin/same')).toHaveLength(2000)
    const tool = await stat(join(root, 'usr/bin/tool'))
    expect([tool.mode & 0o7777, tool.nlink, tool.mtimeMs]).toEqual([0o4755, 2, 1_700_000_000_000])
    expect((await stat(join(root, 'usr/bin'))).mode & 0o777).toBe(0o750)
  })

  test('may have names of any length, as GNU and POSIX write them', async () => {
    const long = `${'folder/'.repeat(30)}file`
    const field = `path=${long}-too\n`
    const record = `${field.length + 4} ${field}`
    await unpack(
      { name: '././@LongLink', type: 'L', content: `${long}\0` },
      { name: 'cut', content: 'gnu' },
      { name: 'pax', type: 'x', content: record },
      { name: 'cut', content: 'posix' },
    )
    expect([await read(long), await read(`${long}-too`)]).toEqual(['gnu', 'posix'])
  })

  test('replaces and removes what lies below, and nothing of its own', async () => {
    await unpack({ name: 'a/old', content: '1' }, { name: 'b/old', content: '1' }, { name: 'c', content: '1' })
    await unpack(
      { name: 'a/.wh.old' },
      { name: 'b/new', content: '2' },
      { name: 'b/.wh..wh..opq' },
      { name: 'c/d', content: '2', type: '0' },
    ).catch(() => {})
    expect([await readdir(join(root, 'a')), await readdir(join(root, 'b'))]).toEqual([[], ['new']])
    await unpack({ name: '.wh.c' }, { name: 'c/', type: '5' }, { name: 'c/d', content: '3' })
    expect(await read('c/d')).toBe('3')
  })

  test('leaves devices and pipes out', async () => {
    await unpack({ name: 'sda', type: '4' }, { name: 'pipe', type: '6' }, { name: 'file', content: '1' })
    expect(await readdir(root)).toEqual(['file'])
  })

  const link = { name: 'out', type: '2', target: '..' } as const
  test.each<[string, TarMember[]]>([
    ['upwards', [{ name: '../secret', content: 'theirs' }]],
    ['upwards from within', [{ name: 'a/../../secret', content: 'theirs' }]],
    ['through a link', [link, { name: 'out/secret', content: 'theirs' }]],
    [
      'through a link to the root',
      [
        { ...link, target: '/' },
        { name: 'out/tmp/secret', content: 'theirs' },
      ],
    ],
    [
      'by a hard link upwards',
      [
        { name: 'a', type: '1', target: '../secret' },
        { name: 'a', content: 'theirs' },
      ],
    ],
    ['by a hard link through a link', [link, { name: 'a', type: '1', target: 'out/secret' }]],
    [
      'by a hard link to a link',
      [
        { ...link, target: '../secret' },
        { name: 'a', type: '1', target: 'out' },
      ],
    ],
    ['by removing through a link', [link, { name: 'out/.wh.secret' }]],
    ['by removing nothing, which is the folder', [{ name: 'a/b', content: '' }, { name: 'a/.wh.' }]],
    ['by removing what is above', [{ name: 'a/b', content: '' }, { name: 'a/.wh...' }]],
  ])('does not lead out: %s', async (_, members) => {
    await expect(unpack(...members)).rejects.toThrow('the archive')
    expect(await readFile(join(home, 'secret'), 'utf8')).toBe('ours')
    expect((await readdir(home)).sort()).toEqual(['root', 'secret'])
  })

  test('writes a new file in place of a link, and not through it', async () => {
    await symlink('../secret', join(root, 'a'))
    await unpack({ name: 'a', content: 'theirs' })
    expect([await read('a'), await readFile(join(home, 'secret'), 'utf8')]).toEqual(['theirs', 'ours'])
  })

  test('ends where the budget does', async () => {
    const many = Array.from({ length: 101 }, (_, index) => ({ name: `f${index}` }))
    await expect(unpack(...many)).rejects.toThrow('more than is allowed')
    await expect(unpack({ name: 'large', size: 2_000_000 })).rejects.toThrow('more than is allowed')
  })

  test('that is damaged or cut short is refused', async () => {
    const whole = tar({ name: 'a', content: 'x'.repeat(1000) })
    const damaged = Buffer.from(whole)
    damaged[3] = 1
    await expect(unpackLayer(pieces(damaged), root, budget())).rejects.toThrow('damaged')
    await expect(unpackLayer(pieces(whole.subarray(0, 900)), root, budget())).rejects.toThrow('ends too soon')
  })
})

describe('an OCI image', () => {
  const layer = tar({ name: 'file', content: 'content' })
  const type = 'application/vnd.oci.image.layer.v1.tar'
  let layout: string
  beforeEach(() => {
    layout = join(home, 'layout')
  })

  test('is its layers one over the other, packed or not', async () => {
    await writeLayout(layout, [
      { content: gzipSync(layer), mediaType: `${type}+gzip` },
      { content: zstdCompressSync(tar({ name: 'more', content: '2' })), mediaType: `${type}+zstd` },
      { content: tar({ name: '.wh.file' }), mediaType: type },
    ])
    await unpackOci(layout, root, budget())
    expect(await readdir(root)).toEqual(['more'])
  })

  test('whose layer is another than its digest says is refused', async () => {
    await writeLayout(layout, [{ content: layer, mediaType: type }])
    await writeFile(join(layout, 'blobs/sha256', digestOf(layer)), tar({ name: 'file', content: 'changed' }))
    await expect(unpackOci(layout, root, budget())).rejects.toThrow('another than its digest says')
    expect(await readdir(root)).toEqual([])
  })

  test('whose blob is a link to a file of ours is refused', async () => {
    await writeLayout(layout, [{ content: layer, mediaType: type }])
    await rm(join(layout, 'blobs/sha256', digestOf(layer)))
    await symlink(join(home, 'secret'), join(layout, 'blobs/sha256', digestOf(layer)))
    await expect(unpackOci(layout, root, budget())).rejects.toThrow('an OCI layout without')
  })

  test('with a bomb for a layer is refused', async () => {
    const bomb = gzipSync(tar({ name: 'zeros', content: '\0'.repeat(1_000_001) }))
    expect(bomb.length).toBeLessThan(5000)
    await writeLayout(layout, [{ content: bomb, mediaType: `${type}+gzip` }])
    await expect(unpackOci(layout, root, budget())).rejects.toThrow('more than is allowed')
  })

  test.each([
    ['names a digest that is a path', { manifests: [{ digest: 'sha256:../../../secret' }] }, 'digest that is none'],
    [
      'is for another machine',
      { manifests: [{ digest: '', platform: { os: 'linux', architecture: 'arm64' } }] },
      'amd64',
    ],
    ['is two', { manifests: [{ digest: 'a' }, { digest: 'b' }] }, '2 images'],
    ['is nothing', {}, 'without an image'],
  ])('that %s is refused', async (_, index, words) => {
    await mkdir(layout)
    await writeFile(join(layout, 'index.json'), JSON.stringify(index))
    await expect(unpackOci(layout, root, budget())).rejects.toThrow(words)
  })
})
