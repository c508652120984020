import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../base/subprocess.ts'
import type { ImageDescription } from '../image-folder.ts'
import { runConfined } from './confined.ts'
import { type ImportOptions, importImage } from './import.ts'
import { tar, writeLayout } from './testing/archives.ts'

const abort = new AbortController().signal
const uuid = '00112233-4455-6677-8899-aabbccddeeff'

describe('an import', () => {
  let home: string
  let options: ImportOptions
  let folder: string
  const at = (name: string) => join(home, name)

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'cumulet-import-'))
    await chmod(home, 0o755)
    await mkdir(at('lender'))
    for (const it of ['vmlinuz', 'initrd']) await writeFile(join(home, 'lender', it), it)
    const file = (name: string) => ({ file: name, bytes: name.length, sha256: '' })
    const image = { kernel: file('vmlinuz'), ramdisk: file('initrd'), commandLine: 'lent' } as ImageDescription
    options = {
      ...{ name: 'mine', largestGiB: 1, scratch: at('scratch'), uuid, now: new Date(0), account: '123456789012' },
      ...{ lender: { folder: at('lender'), image }, progress: () => {}, abort },
    }
    await wholeDisk(at('disk.raw'))
    for (const [format, name] of [
      ['qcow2', 'disk.qcow2'],
      ['vmdk', 'disk.vmdk'],
      ['vpc', 'disk.vhd'],
    ] as const)
      await run('qemu-img', ['convert', '-f', 'raw', '-O', format, at('disk.raw'), at(name)])
  })
  afterAll(() => rm(home, { recursive: true, force: true }))

  beforeEach(async () => {
    folder = await mkdtemp(join(home, 'image-'))
    await chmod(folder, 0o755)
  })

  /** 4 MiB whose first sector could boot. */
  async function wholeDisk(file: string): Promise<void> {
    const disk = Buffer.alloc(4 * 2 ** 20)
    disk.writeUInt8(0xeb, 0)
    disk.writeUInt16LE(0xaa55, 510)
    disk.write('at the end', disk.length - 20)
    await writeFile(file, disk)
  }

  async function system(name: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
    for (const [path, content] of Object.entries({ 'sbin/init': '#!/bin/sh\n', 'etc/hostname': 'mine\n', ...more })) {
      await mkdir(join(home, name, path, '..'), { recursive: true })
      await writeFile(join(home, name, path), content)
    }
    return at(name)
  }

  const root = () => join(folder, 'root.img')
  const inRoot = (request: string) => run('debugfs', ['-R', request, root()])
  const nothingIsLeft = async () => expect(await readdir(at('scratch'))).toEqual([])

  it.each(['disk.raw', 'disk.qcow2', 'disk.vmdk', 'disk.vhd'])('takes a whole disk: %s', async (name) => {
    const image = await importImage(at(name), folder, options)
    expect([image.firmware, image.kernel, image.offer?.isPublic]).toEqual(['bios', undefined, false])
    expect((await readFile(root())).toString('latin1')).toContain('at the end')
    const { uid, mode } = await stat(root())
    expect([uid, mode & 0o777]).toEqual([0, 0o644])
    await nothingIsLeft()
  })

  it('makes a file system of a folder, and starts it by its own kernel', async () => {
    const boot = { 'boot/vmlinuz-6.1': 'their kernel', 'boot/initrd.img-6.1': 'their RAM disk' }
    const image = await importImage(await system('own', boot), folder, options)
    expect(image.commandLine).toContain(`root=UUID=${uuid} `)
    expect(await readFile(join(folder, 'vmlinuz'), 'utf8')).toBe('their kernel')
    expect(await readFile(join(folder, 'initrd'), 'utf8')).toBe('their RAM disk')
    expect(await inRoot('cat /etc/hostname')).toBe('mine\n')
    await run('e2fsck', ['-fn', root()])
    await nothingIsLeft()
  })

  it('lends a kernel to a file system without', async () => {
    const image = await importImage(await system('bare'), folder, options)
    expect([image.commandLine, image.kernel?.file]).toEqual(['lent', 'vmlinuz'])
    expect((await readdir(folder)).sort()).toEqual(['initrd', 'root.img', 'vmlinuz'])
  })

  it('takes an OCI image as folder and as archive', async () => {
    const layers = [tar({ name: 'sbin/init', content: '#!/bin/sh\n' }), tar({ name: 'etc/os', content: 'theirs\n' })]
    const mediaType = 'application/vnd.oci.image.layer.v1.tar'
    await writeLayout(
      at('layout'),
      layers.map((content) => ({ content, mediaType })),
    )
    await importImage(at('layout'), folder, options)
    expect(await inRoot('cat /etc/os')).toBe('theirs\n')
    await run('tar', ['-C', at('layout'), '-cf', at('layout.tar'), '.'])
    await importImage(at('layout.tar'), folder, options)
    expect(await inRoot('cat /etc/os')).toBe('theirs\n')
    await nothingIsLeft()
  })

  it('of a folder is not led out of it by links', async () => {
    const source = await system('linked')
    await run('ln', ['-s', at('lender'), join(source, 'boot')])
    expect((await importImage(source, folder, options)).commandLine).toBe('lent')
  })

  describe('is refused, with the reason and nothing left:', () => {
    const refuses = async (file: string, words: string | RegExp, more: Partial<ImportOptions> = {}) => {
      await expect(importImage(at(file), folder, { ...options, ...more })).rejects.toThrow(words)
      await nothingIsLeft()
    }

    it('a disk over another', async () => {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/shadow', at('over.qcow2'), '1M'])
      await refuses('over.qcow2', 'a backing file')
    })

    it('a disk that keeps its data elsewhere', async () => {
      const data = `data_file=${at('elsewhere')},data_file_raw=on`
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', data, at('out.qcow2'), '1M'])
      await refuses('out.qcow2', 'external data file')
    })

    it('a small file that says it is a large disk', async () => {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', at('large.qcow2'), '3T'])
      await refuses('large.qcow2', 'a disk of 3072 GiB')
    })

    it('a disk without a size, and one with less than none', async () => {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', at('none.qcow2'), '1M'])
      for (const size of [0n, 0xffff_ffff_ffff_f000n]) {
        await using handle = await open(at('none.qcow2'), 'r+')
        const bytes = Buffer.alloc(8)
        bytes.writeBigUInt64BE(size)
        await handle.write(bytes, 0, 8, 24)
        await refuses('none.qcow2', /^it is a disk without a size$|^it cannot be read: [\w ]+: File too large$/)
      }
    })

    it('a disk that is not what it is said to be', () => refuses('disk.qcow2', 'said to be raw', { format: 'raw' }))

    it('a disk that nothing starts from', async () => {
      await writeFile(at('noise'), Buffer.alloc(10_000, 'noise'))
      await refuses('noise', 'neither a boot sector')
    })

    it('a disk that breaks off', async () => {
      const whole = await readFile(at('disk.qcow2'))
      await writeFile(at('half.qcow2'), whole.subarray(0, 66_000))
      await refuses('half.qcow2', 'damaged, or a part')
    })

    it('an archive that is no image', async () => {
      await writeFile(at('some.tar'), tar({ name: 'file', content: 'x' }))
      await refuses('some.tar', 'no oci-layout')
    })

    it('an archive that leads out of itself', async () => {
      await writeFile(at('bad.tar'), tar({ name: '../../bad', content: 'x' }))
      await refuses('bad.tar', 'leads out of it')
      expect(await readdir(home)).not.toContain('bad')
    })

    it('a system without a first program', async () => {
      await mkdir(at('empty'), { recursive: true })
      await refuses('empty', 'nothing would start')
    })
  })

  it('reads what is hostile as somebody who owns nothing, without network', async () => {
    const limits = { largestFile: 4096, abort }
    expect(await runConfined('id', ['-u'], limits)).toBe('1399999000\n')
    await expect(runConfined('cat', ['/etc/shadow'], limits)).rejects.toThrow('Permission denied')
    const devices = (await runConfined('cat', ['/proc/self/net/dev'], limits)).match(/^ *\w+:/gm)
    expect(devices?.map((it) => it.trim())).not.toContain('eth0:')
    expect(devices?.map((it) => it.trim())).toContain('lo:')
    expect(await runConfined('grep', ['-h', 'CapEff', '/proc/self/status'], limits)).toMatch(/\t0+\n/)
    const zeros = ['if=/dev/zero', 'of=/dev/null', 'bs=1M', 'count=1']
    await runConfined('dd', zeros, limits)
    await chmod(at('scratch'), 0o777)
    await expect(
      runConfined('dd', [...zeros.slice(0, 1), `of=${at('scratch')}/big`, 'bs=8192', 'count=1'], limits),
    ).rejects.toThrow()
  })
})
