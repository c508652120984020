import { createPrivateKey, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../base/subprocess.ts'
import { packBundle } from '../../bundles/pack.ts'
import type { ImageId } from '../../model/ids.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import { certificatesOf, keepCertificate } from '../accounts/certificates.ts'
import { BundleImages, type ReadObject } from './bundle-images.ts'

const account = '111122223333'
const never = new AbortController().signal
let folder: string
let store: Store
let objects: Map<string, Buffer>
let images: BundleImages

const read: ReadObject = async (_, { bucket, key }) => {
  const found = objects.get(`${bucket}/${key}`)
  return (
    found && {
      bytes: found.length,
      content: (async function* () {
        yield found
      })(),
    }
  )
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-images-'))
  const pem = async (name: string) => readFile(join(folder, name), 'utf8')
  for (const name of ['cloud', 'user']) {
    const out = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)]
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, ...out])
  }
  await writeFile(join(folder, 'image'), randomBytes(100_000))
  await packBundle({
    ...{ image: join(folder, 'image'), folder, prefix: 'box', progress: () => {} },
    about: { architecture: 'x86_64', user: account },
    ...{ cloudCertificate: await pem('cloud.pem'), userCertificate: await pem('user.pem') },
    userKey: createPrivateKey(await pem('user.key')),
    cipher: { key: randomBytes(16), iv: randomBytes(16) },
  })
  objects = new Map()
  for (const name of ['box.manifest.xml', 'box.part.0'])
    objects.set(`bucket/dir/${name}`, await readFile(join(folder, name)))
  store = await openStore(':memory:')
  const certificate = await pem('user.pem')
  await store.transact((tx) => keepCertificate(tx, account, certificate, new Date(0)))
  images = new BundleImages({
    certificates: (id) => store.read((reader) => certificatesOf(reader, id)),
    read,
    imagesOf: async (region) => (region === 'us-east-1' ? join(folder, 'far') : undefined),
    cloudKey: createPrivateKey(await pem('cloud.key')),
    folder: join(folder, 'images'),
  })
}, 60_000)
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const location = 'bucket/dir/box.manifest.xml'
const unpacking = async (id: `ami-${string}`) => {
  const { text } = await images.manifest(account, location, never)
  return { id, account, location, manifest: text, kernelId: 'aki-1', ramdiskId: 'ari-1' }
}

test('a bundle becomes a folder that hosts launch from, its kernel by link; a second attempt changes nothing', async () => {
  await images.unpack(await unpacking('ami-1'), never)
  await images.unpack(await unpacking('ami-1'), never)
  const made = join(folder, 'images', 'ami-1')
  expect((await readdir(made)).sort()).toEqual(['initrd', 'root.img', 'vmlinuz'])
  expect((await readFile(join(made, 'root.img'))).equals(await readFile(join(folder, 'image')))).toBe(true)
  await images.remove('ami-1')
  expect(await readdir(join(folder, 'images'))).toEqual([])
})

test('a copy of an image keeps its files when the image goes, kernels behind links too', async () => {
  await images.unpack(await unpacking('ami-1'), never)
  await mkdir(join(folder, 'images', 'aki-1'))
  await writeFile(join(folder, 'images', 'aki-1', 'vmlinuz'), 'kernel')
  await images.copy('ami-2', { from: 'ami-1', files: ['vmlinuz', 'root.img'] })
  await images.copy('ami-2', { from: 'ami-1', files: ['vmlinuz', 'root.img'] })
  for (const it of ['ami-1', 'aki-1'] as ImageId[]) await images.remove(it)
  const made = join(folder, 'images', 'ami-2')
  expect(await readFile(join(made, 'vmlinuz'), 'utf8')).toBe('kernel')
  expect((await readFile(join(made, 'root.img'))).equals(await readFile(join(folder, 'image')))).toBe(true)
  await expect(images.copy('ami-3', { from: 'ami-1', files: ['root.img'] })).rejects.toThrow('ENOENT')
  await images.remove('ami-2')
  expect(await readdir(join(folder, 'images'))).toEqual([])
})

test('an image of another region comes here as files, out of its bundle where it has gone there, and is refused where both have', async () => {
  const { text } = await images.manifest(account, location, never)
  const far = {
    region: 'us-east-1',
    files: ['ami-1/root.img', 'aki-1/vmlinuz'].map((from) => ({ from, as: from.slice(6) })),
  }
  const bundle = { account, location, manifest: text }
  await mkdir(join(folder, 'far', 'aki-1'), { recursive: true })
  await writeFile(join(folder, 'far', 'aki-1', 'vmlinuz'), 'kernel')
  await expect(images.bring('ami-2', far, never)).rejects.toThrow('in us-east-1 no more')
  await expect(images.bring('ami-2', { ...far, region: 'eu-1' }, never)).rejects.toThrow('no region eu-1')
  await images.bring('ami-2', { ...far, bundle }, never)
  const disk = await readFile(join(folder, 'images', 'ami-2', 'root.img'))
  expect(disk.equals(await readFile(join(folder, 'image')))).toBe(true)
  await mkdir(join(folder, 'far', 'ami-1'))
  await writeFile(join(folder, 'far', 'ami-1', 'root.img'), 'disk')
  for (const _ of ['once', 'twice']) await images.bring('ami-3', far, never)
  expect((await readdir(join(folder, 'images'))).sort()).toEqual(['ami-2', 'ami-3'])
  const files = ['root.img', 'vmlinuz'].map((it) => readFile(join(folder, 'images', 'ami-3', it), 'utf8'))
  expect(await Promise.all(files)).toEqual(['disk', 'kernel'])
  for (const it of ['ami-2', 'ami-3'] as ImageId[]) await images.remove(it)
})

test.each([
  ['a bundle that is not there', account, 'bucket/none.manifest.xml', 'there is no manifest'],
  ['a location that is none', account, 'bucket', 'BUCKET/KEY'],
  ['the bundle of another account', '999999999999', location, 'of the account 111122223333'],
])('%s is refused', async (_, who, where, message) => {
  await expect(images.manifest(who, where, never)).rejects.toThrow(message)
})

test('a bundle whose part is missing or wrong is refused, and leaves nothing', async () => {
  const unpack = await unpacking('ami-2')
  const part = objects.get('bucket/dir/box.part.0')!
  objects.delete('bucket/dir/box.part.0')
  await expect(images.unpack(unpack, never)).rejects.toThrow('box.part.0 is not there')
  objects.set('bucket/dir/box.part.0', Buffer.from(part.map((byte, index) => (index === 50 ? byte ^ 1 : byte))))
  await expect(images.unpack(unpack, never)).rejects.toThrow('digest of box.part.0')
  expect(await readdir(join(folder, 'images'))).toEqual([])
  objects.set('bucket/dir/box.part.0', part)
})

test('what an attempt that died has left goes at the next start; images stay', async () => {
  await mkdir(join(folder, 'images', '.bundle-ami-3-abc'), { recursive: true })
  await mkdir(join(folder, 'images', 'ami-4'), { recursive: true })
  await images.sweep()
  expect(await readdir(join(folder, 'images'))).toEqual(['ami-4'])
})

test('a manifest that was changed after it was signed is refused', async () => {
  const text = objects.get(location)!
  objects.set(location, Buffer.from(text.toString().replace('x86_64', 'i386')))
  await expect(images.manifest(account, location, never)).rejects.toThrow('not signed by a certificate of this account')
  objects.set(location, text)
})
