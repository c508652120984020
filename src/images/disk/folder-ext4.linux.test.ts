import { createHash } from 'node:crypto'
import { chmod, link, lutimes, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../base/subprocess.ts'
import { ext4FromFolder } from './folder-ext4.ts'

const options = { sizeMiB: 16, label: 'root', uuid: '00112233-4455-6677-8899-aabbccddeeff', time: 1_700_000_000 }

describe('a file system of a folder', () => {
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'cumulet-folder-'))
  })
  afterAll(() => rm(home, { recursive: true }))

  /** The same content, made in the order that is asked for. */
  async function folder(name: string, files: readonly string[]): Promise<string> {
    const at = join(home, name)
    await mkdir(join(at, 'usr/bin'), { recursive: true })
    for (const it of files) await writeFile(join(at, it), it.repeat(1000))
    await chmod(join(at, 'b'), 0o4755)
    await symlink('usr/bin', join(at, 'bin'))
    await link(join(at, 'b'), join(at, 'same'))
    for (const it of [...files, 'bin', 'usr/bin', 'usr', '.']) await lutimes(join(at, it), 1_600_000_000, 1_600_000_000)
    return at
  }

  async function image(source: string): Promise<string> {
    const file = `${source}.img`
    await ext4FromFolder(source, file, options, new AbortController().signal)
    return file
  }

  const digest = async (file: string) =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex')

  it('has the same bytes whenever and in whatever order its files were made', async () => {
    const [one, other] = [await folder('one', ['a', 'b', 'usr/bin/c']), await folder('other', ['usr/bin/c', 'b', 'a'])]
    await readFile(join(other, 'a')) // Was read since, which the host writes down.
    expect(await digest(await image(one))).toBe(await digest(await image(other)))
  })

  it('keeps modes, links and times of contents, and knows no other time', async () => {
    const file = await image(await folder('kept', ['a', 'b', 'usr/bin/c']))
    const ask = (request: string) => run('debugfs', ['-R', request, file])
    expect(await ask('stat /b')).toMatch(/Mode: +04755[\s\S]*Links: 2 [\s\S]*mtime: 0x5f5e1000/)
    expect(await ask('stat /bin')).toContain('Fast link dest: "usr/bin"')
    for (const path of ['/', '/a', '/usr/bin', '/lost+found']) {
      const times = [...(await ask(`stat ${path}`)).matchAll(/(atime|ctime|crtime): 0x([0-9a-f]+)/g)]
      expect(times.map((it) => it[2])).toEqual(['6553f100', '6553f100', '6553f100'])
    }
  })
})
