import { expect, it } from 'vitest'
import { cpio, type Entry } from './cpio.ts'
import { tidy } from './tree.ts'

const file = (path: string, text: string): Entry => ({ kind: 'file', path, mode: 0o644, content: Buffer.from(text) })

it('writes a header, a name and a content for each entry, all aligned to four bytes', () => {
  const archive = cpio([file('init', 'hello')]).toString('latin1')
  expect(archive.length % 4).toBe(0)
  expect(archive.slice(0, 6)).toBe('070701')
  expect(archive.slice(14, 22)).toBe('000081a4')
  expect(archive).toContain('init\0')
  expect(archive).toContain('TRAILER!!!\0')
})

it('puts folders that nobody named before what is in them, and keeps the first of two entries for a path', () => {
  const tree = tidy([file('etc/b', 'ours'), file('etc/b', 'theirs'), file('a', '')])
  expect(tree.map((it) => `${it.kind} ${it.path}`)).toEqual(['file a', 'folder etc', 'file etc/b'])
  expect(tree[2]).toEqual(file('etc/b', 'ours'))
})
