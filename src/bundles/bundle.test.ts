import { createCipheriv, createHash, createPrivateKey, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { run } from '../base/subprocess.ts'
import { type Manifest, readManifest, unwrapKey, verifyManifest, wrapKey, writeManifest } from './manifest.ts'
import { packBundle } from './pack.ts'
import { tarHeader, tarTrailer, untar } from './tar.ts'
import { unpackBundle } from './unpack.ts'

let folder: string
const pem: Record<string, { key: string; certificate: string }> = {}
const cipher = { key: randomBytes(16), iv: randomBytes(16) }
const never = new AbortController().signal
let image: Buffer
let manifestText: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-bundles-'))
  for (const name of ['cloud', 'user', 'other']) {
    const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
    const subject = ['-subj', `/CN=${name}`, '-days', '2']
    await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      ...subject,
      '-keyout',
      key,
      '-out',
      certificate,
    ])
    pem[name] = { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') }
  }
  image = Buffer.concat([randomBytes(11 * 2 ** 20), Buffer.alloc(3 * 2 ** 20), randomBytes(777)])
  await writeFile(join(folder, 'image'), image)
  const path = await packBundle({
    ...{ image: join(folder, 'image'), folder, prefix: 'box', cipher, progress: () => {} },
    about: { architecture: 'x86_64', user: '123456789012' },
    ...{ cloudCertificate: pem['cloud']!.certificate, userCertificate: pem['user']!.certificate },
    userKey: createPrivateKey(pem['user']!.key),
  })
  manifestText = await readFile(path, 'utf8')
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(() => rm(join(folder, 'out'), { force: true }))

const partFrom = async (name: string) => [await readFile(join(folder, name))] as unknown as AsyncIterable<Buffer>
const unpack = (manifest: Manifest, read = partFrom) =>
  unpackBundle({ manifest, cipher, part: ({ name }) => read(name), file: join(folder, 'out'), abort: never })

test('what was packed is unpacked, for the cloud and for its owner', async () => {
  verifyManifest(manifestText, [pem['other']!.certificate, pem['user']!.certificate])
  const manifest = readManifest(manifestText)
  expect(manifest).toMatchObject({ name: 'box', user: '123456789012', size: image.length, architecture: 'x86_64' })
  expect(manifest.parts.map((it) => it.name)).toEqual(['box.part.0', 'box.part.1'])
  expect(unwrapKey(manifest.keys.cloud, createPrivateKey(pem['cloud']!.key))).toEqual(cipher)
  expect(unwrapKey(manifest.keys.user, createPrivateKey(pem['user']!.key))).toEqual(cipher)
  await unpack(manifest)
  expect((await readFile(join(folder, 'out'))).equals(image)).toBe(true)
})

test('openssl, gzip and tar open it too', async () => {
  const all = Buffer.concat(await Promise.all(['box.part.0', 'box.part.1'].map((it) => readFile(join(folder, it)))))
  await writeFile(join(folder, 'all'), all)
  const args = ['enc', '-d', '-aes-128-cbc', '-K', cipher.key.toString('hex'), '-iv', cipher.iv.toString('hex')]
  await run('openssl', [...args, '-in', join(folder, 'all'), '-out', join(folder, 'all.tgz')])
  await run('tar', ['-xzf', join(folder, 'all.tgz'), '-C', folder])
  expect((await readFile(join(folder, 'box'))).equals(image)).toBe(true)
  const signed = /<machine_configuration>.*<\/image>/s.exec(manifestText)![0]
  await writeFile(join(folder, 'signed'), signed)
  await writeFile(join(folder, 'signature'), Buffer.from(/<signature>(\w+)</.exec(manifestText)![1]!, 'hex'))
  const publicKey = await run('openssl', ['x509', '-in', join(folder, 'user.pem'), '-noout', '-pubkey'])
  await writeFile(join(folder, 'user.pub'), publicKey)
  const check = [
    'dgst',
    '-sha1',
    '-verify',
    join(folder, 'user.pub'),
    '-signature',
    join(folder, 'signature'),
    join(folder, 'signed'),
  ]
  expect(await run('openssl', check)).toContain('Verified OK')
})

test('a key is opened by its owner alone', () => {
  const manifest = readManifest(manifestText)
  expect(() => unwrapKey(manifest.keys.cloud, createPrivateKey(pem['user']!.key))).toThrow('encrypted for another')
})

test.each([
  ['another size', (text: string) => text.replace(/<size>\d/, '<size>9')],
  ['another part', (text: string) => text.replace('box.part.1', 'box.part.0')],
  ['no signature', (text: string) => text.replace(/<signature>.*<\/signature>/, '')],
  ['another kernel', (text: string) => text.replace('</architecture>', '</architecture><kernel_id>aki-1</kernel_id>')],
])('a manifest with %s is not its owner’s', (_, change) => {
  expect(() => verifyManifest(change(manifestText), [pem['user']!.certificate])).toThrow(/not signed/)
})

test.each([
  ['no XML', () => '<manifest>'],
  ['another version', (text: string) => text.replace('2007-10-10', '2006-01-01')],
  ['a negative size', (text: string) => text.replace(/<size>/, '<size>-')],
  ['a size of petabytes', (text: string) => text.replace(/<size>\d+/, '<size>999999999999999')],
  ['a part that is a path', (text: string) => text.replace('box.part.0', '../../etc/shadow')],
  ['a part called ..', (text: string) => text.replace('box.part.0', '..')],
  ['no parts', (text: string) => text.replace(/<part .*<\/part>/, '')],
  ['a digest of another kind', (text: string) => text.replace(/(<digest algorithm="SHA1">)\w/, '$1')],
  ['entities', (text: string) => text.replace('?>', '?><!DOCTYPE x [<!ENTITY a "b">]>')],
])('a manifest with %s is refused', (_, change) => {
  expect(() => readManifest(change(manifestText))).toThrow(expect.objectContaining({ name: 'BundleRefused' }))
})

async function refusedWith(message: string | RegExp, manifest: Manifest, read = partFrom): Promise<void> {
  await expect(unpack(manifest, read)).rejects.toThrow(message)
  expect(await readdir(folder)).not.toContain('out')
}

test('one bit flipped in a part is refused, and leaves nothing', async () => {
  await refusedWith('digest of box.part.1', readManifest(manifestText), async (name) => {
    const bytes = await readFile(join(folder, name))
    if (name === 'box.part.1') bytes[bytes.length >> 1]! ^= 1
    return [bytes] as unknown as AsyncIterable<Buffer>
  })
})

test('a part that is cut short is refused', async () => {
  await refusedWith('digest of box.part.0', readManifest(manifestText), async (name) => {
    return [(await readFile(join(folder, name))).subarray(0, 1000)] as unknown as AsyncIterable<Buffer>
  })
})

/** A bundle of one part with these bytes in it, whose digests are right. */
function bundleOf(archive: Buffer, size: number, packed = gzipSync(archive)) {
  const encryptor = createCipheriv('aes-128-cbc', cipher.key, cipher.iv)
  const bytes = Buffer.concat([encryptor.update(packed), encryptor.final()])
  const sha1 = (it: Buffer) => createHash('sha1').update(it).digest('hex')
  const wrapped = wrapKey(cipher, pem['cloud']!.certificate)
  const about = { architecture: 'x86_64', name: 'x', user: '1', digest: sha1(archive), size, bundledSize: bytes.length }
  const manifest = {
    ...about,
    parts: [{ name: 'x.part.0', digest: sha1(bytes) }],
    keys: { cloud: wrapped, user: wrapped },
  }
  return { manifest, read: async () => [bytes] as unknown as AsyncIterable<Buffer> }
}

test('a bundle that unpacks to more than it says is stopped', async () => {
  const bomb = bundleOf(Buffer.concat([tarHeader('x', 2 ** 28), Buffer.alloc(2 ** 28), tarTrailer(2 ** 28)]), 1000)
  await refusedWith('larger than the manifest says', bomb.manifest, bomb.read)
})

test.each([
  ['a link', (header: Buffer) => header.write('2', 156), 'something else than a file'],
  ['a folder', (header: Buffer) => header.write('5', 156), 'something else than a file'],
  ['a size that is no number', (header: Buffer) => header.write('x', 124), 'no number'],
  ['a negative size', (header: Buffer) => header.fill(0xff, 124, 136), 'no number'],
])('an archive with %s is refused', async (_, change, message) => {
  const header = tarHeader('x', 512)
  change(header)
  const { manifest, read } = bundleOf(Buffer.concat([header, Buffer.alloc(512, 1), tarTrailer(512)]), 512)
  await refusedWith(message, manifest, read)
})

test('an archive with a second file, and one that is no archive, are refused', async () => {
  const one = Buffer.concat([tarHeader('x', 512), Buffer.alloc(512, 1)])
  const two = bundleOf(Buffer.concat([one, one, tarTrailer(512)]), 512)
  await refusedWith('more than one file', two.manifest, two.read)
  const none = bundleOf(Buffer.alloc(0), 512, Buffer.from('no gzip at all'))
  await refusedWith('not what was encrypted', none.manifest, none.read)
})

test('holes that GNU tar found are holes again', async () => {
  const sparse = join(folder, 'sparse')
  await run('sh', [
    '-c',
    'truncate -s 20M "$1" && printf end | dd of="$1" bs=1M seek=7 conv=notrunc 2>/dev/null && tar -C "$2" -S --format=gnu -cf "$1.tar" sparse',
    'sh',
    sparse,
    folder,
  ])
  const archive = await readFile(`${sparse}.tar`)
  expect(archive.length).toBeLessThan(2 ** 20)
  const runs = []
  for await (const it of untar(Readable.from([archive]))) runs.push(it)
  expect(runs.at(-1)).toMatchObject({ at: 20 * 2 ** 20 })
  expect(runs.some((it) => it.bytes.includes('end'))).toBe(true)
})

test('two manifests of the same are the same', () => {
  const manifest = readManifest(manifestText)
  expect(writeManifest(manifest, createPrivateKey(pem['user']!.key)).replace('cumulet', '')).toBe(
    manifestText.replace('cumulet', ''),
  )
})
