import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../../base/subprocess.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import type { DomainId, ImageId } from '../../../model/ids.ts'
import { type BlockNode, parkedName } from '../driver.ts'
import { ephemeral, root, storageSuite, swap } from '../suite.ts'
import { LayeredStorage } from './layers.ts'

const never = new AbortController().signal
const image: ImageId = 'ami-00000000000000001'
const domain: DomainId = 'dom_7'

/** A host with one image, whose root disk says so. */
async function host() {
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-layers-'))
  await chmod(folder, 0o755)
  const images = join(folder, 'images')
  await mkdir(join(images, image), { recursive: true })
  await writeFile(join(images, image, 'root.img'), Buffer.alloc(2 ** 20, 'image '))
  await writeFile(join(images, image, 'vmlinuz'), 'kernel')
  return {
    folder,
    images,
    open: () => new LayeredStorage({ folder, images }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

storageSuite('storage in layers', async () => {
  const it = await host()
  return { ...it, image, missing: 'ami-00000000000000bad' }
})

describe('disks in layers', () => {
  let place: Awaited<ReturnType<typeof host>>
  let nodes: BlockNode[]
  const node = (serial: string) => nodes.find((it) => it.serial === serial)?.file ?? 'missing'
  beforeAll(async () => {
    place = await host()
    nodes = await place.open().provide(domain, [root(image), ephemeral, swap], never)
  })
  afterAll(() => place[Symbol.asyncDispose]())

  const info = async (file: string) =>
    JSON.parse(await run('qemu-img', ['info', '--output=json', file])) as Record<string, unknown>

  it('belong to the domain’s user alone', async () => {
    for (const { file } of nodes) {
      const { uid, gid, mode } = await stat(file)
      expect([uid, gid, mode & 0o777]).toEqual([userOfDomain(domain), userOfDomain(domain), 0o600])
    }
  })

  it('lie in a folder that their user passes through and can put nothing into', async () => {
    const folder = join(place.folder, 'disks', domain)
    const { uid, gid, mode } = await stat(folder)
    expect([uid, gid, mode & 0o777]).toEqual([process.getuid?.(), userOfDomain(domain), 0o710])
    const user = String(userOfDomain(domain))
    const as = (...command: string[]) =>
      run('setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...command])
    await expect(as('ln', '-s', '/etc', join(folder, 'elsewhere'))).rejects.toThrow('Permission denied')
    await expect(as('mv', node('sda3'), join(folder, 'mine'))).rejects.toThrow('Permission denied')
  })

  it('can be opened by the domain’s user, who cannot write to the image', async () => {
    const user = String(userOfDomain(domain))
    const as = (...command: string[]) =>
      run('setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...command])
    expect(await as('qemu-io', '-f', 'qcow2', '-c', 'read -v 0 512', node('sda1'))).toContain('image.image')
    await as('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 0 512', node('sda1'))
    await expect(
      as('qemu-io', '-f', 'raw', '-c', 'write 0 512', join(place.images, image, 'root.img')),
    ).rejects.toThrow()
  })

  it('have the size asked for, and take next to nothing on the host', async () => {
    expect((await info(node('sda1')))['virtual-size']).toBe(64 * 2 ** 20)
    expect((await info(node('sda2')))['virtual-size']).toBe(512 * 2 ** 20)
    expect((await stat(node('sda3'))).size).toBe(32 * 2 ** 20)
    for (const { file } of nodes) expect((await stat(file)).blocks * 512).toBeLessThan(600_000)
  })

  it('are formatted: a file system with its label, and swap', async () => {
    const raw = join(place.folder, 'flat')
    await run('qemu-img', ['convert', '-O', 'raw', node('sda2'), raw])
    await run('e2fsck', ['-fn', raw])
    const text = await run('dumpe2fs', [raw])
    expect(text).toMatch(/Filesystem volume name: +ephemeral0/)
    expect(text.match(/ITABLE_ZEROED/g)?.length).toBe(text.match(/^Group \d/gm)?.length)
    expect(await run('blkid', ['-p', '-o', 'value', '-s', 'TYPE', node('sda3')])).toBe('swap\n')
  })

  it('stay over the image that they began with, when its name comes to mean another', async () => {
    const real = join(place.images, 'version-1')
    const name: ImageId = 'ami-00000000000000002'
    await mkdir(real)
    await writeFile(join(real, 'root.img'), Buffer.alloc(4096))
    await symlink('version-1', join(place.images, name))
    const [made] = await place.open().provide('dom_8', [root(name)], never)
    expect((await info(made?.file ?? ''))['full-backing-filename']).toBe(join(real, 'root.img'))
  })

  it('of two domains share the image at the same time', async () => {
    const [other] = await place.open().provide('dom_9', [root(image)], never)
    const [ours, theirs] = [node('sda1'), other?.file ?? '']
    const commands = [ours, theirs].map((it) => ['-c', `open -o driver=qcow2 ${it}`, '-c', 'write 4096 512'])
    await Promise.all(commands.map((it) => run('qemu-io', it)))
  })

  it('of one domain become those of another as they are', async () => {
    const maker = new LayeredStorage({ folder: join(place.folder, 'maker'), images: place.images, userOf: () => 1234 })
    const [made] = await maker.provide('dom_1', [root(image), swap], never)
    await run('qemu-io', ['-c', `open -o driver=qcow2 ${made?.file}`, '-c', 'write -P 7 0 512'])
    await place.open().adopt('dom_12', dirname(made?.file ?? ''), never)
    const [ours] = await place.open().provide('dom_12', [root(image), swap], never)
    expect(await run('qemu-io', ['-f', 'qcow2', '-c', 'read -P 7 0 512', ours?.file ?? ''])).not.toContain('failed')
    expect((await stat(ours?.file ?? '')).uid).toBe(1234)
    expect(await maker.list(never)).toEqual([])
    await expect(place.open().adopt('dom_12', join(place.folder, 'disks', 'dom_9'), never)).rejects.toThrow()
  })

  it('become those of a parked machine as long as nobody has written to them', async () => {
    const [parkedDisk] = await new LayeredStorage({ folder: join(place.folder, 'lot'), images: place.images }).provide(
      'dom_1',
      [root(image)],
      never,
    )
    const file = parkedDisk?.file ?? ''
    await run('qemu-io', ['-c', `open -o driver=qcow2 ${file}`, '-c', 'write -P 9 0 512'])
    const layer = join(place.folder, 'layer.qcow2')
    await run('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', parkedName, layer, '64M'])
    const parked = { key: 'lot', file, layer }
    const read = (pattern: number, disk: BlockNode | undefined) =>
      run('qemu-io', ['-f', 'qcow2', '-c', `read -P ${pattern} 0 512`, disk?.file ?? ''])

    await place.open().provide('dom_13', [root(image)], never)
    const [early] = await place.open().provide('dom_13', [root(image)], never, parked)
    expect(early?.untouched).toBe('lot')
    expect(await read(9, early)).not.toContain('failed')
    expect((await stat(early?.file ?? '')).uid).toBe(userOfDomain('dom_13'))

    const [late] = await place.open().provide('dom_14', [root(image)], never)
    await run('qemu-io', ['-c', `open -o driver=qcow2 ${late?.file}`, '-c', 'write -P 5 0 512'])
    const [same] = await place.open().provide('dom_14', [root(image)], never, parked)
    expect(same).toEqual(late)
    expect(await read(5, same)).not.toContain('failed')
  })

  it('that were left half made are not taken for disks', async () => {
    const folder = join(place.folder, 'disks', 'dom_10')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'sda3.raw.0123456789ab'), 'half')
    const [made] = await place.open().provide('dom_10', [swap], never)
    expect((await stat(made?.file ?? '')).size).toBe(32 * 2 ** 20)
    await place.open().release('dom_10', never)
    expect(await readdir(join(place.folder, 'disks'))).not.toContain('dom_10')
  })

  it('refuse names that lead elsewhere', async () => {
    await expect(place.open().provide('dom_11', [{ ...swap, name: '../sda3' }], never)).rejects.toThrow(
      'no name of a disk',
    )
    await expect(place.open().imageFile(image, '../secret')).rejects.toThrow('no name of a file')
  })
})
