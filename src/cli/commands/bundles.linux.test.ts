/** A directory as an image: what is bundled, uploaded and registered is a file system of it. */
import { lchown, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { run } from '../../base/subprocess.ts'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'
import type { Objects } from '../objects.ts'

let folder: string
let keys: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-directory-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=user', '-days', '2']
  await run('openssl', [...request, '-keyout', key, '-out', certificate])
  await mkdir(join(folder, 'tmp'))
  vi.stubEnv('TMPDIR', join(folder, 'tmp'))
  keys = { EC2_PRIVATE_KEY: key, EC2_CERT: certificate, EUCALYPTUS_CERT: certificate }
  await mkdir(join(folder, 'tree/etc'), { recursive: true })
  await writeFile(join(folder, 'tree/etc/motd'), 'hello\n', { mode: 0o640 })
  await lchown(join(folder, 'tree/etc/motd'), 12, 34)
  await symlink('etc/motd', join(folder, 'tree/link'))
})
afterAll(() => {
  vi.unstubAllEnvs()
  return rm(folder, { recursive: true, force: true })
})

const left = () => readdir(tmpdir())

test('a directory is bundled as a file system with all that is in it', async () => {
  const before = await left()
  const outside = fakeOutside({ env: keys })
  const args = ['-i', join(folder, 'tree'), '-r', 'x86_64', '-d', join(folder, 'bundle')]
  expect(await main('ec2-bundle-image', args, outside)).toBe(0)
  const manifest = join(folder, 'bundle/tree.manifest.xml')
  expect(outside.printed.out).toBe(`Wrote manifest ${manifest}\n`)
  await mkdir(join(folder, 'out'))
  expect(await main('ec2-unbundle', ['-m', manifest, '-d', join(folder, 'out')], fakeOutside({ env: keys }))).toBe(0)
  const file = join(folder, 'out/tree')
  await run('e2fsck', ['-fn', file])
  expect(await run('debugfs', ['-R', 'cat /etc/motd', file])).toBe('hello\n')
  expect(await run('debugfs', ['-R', 'stat /etc/motd', file])).toMatch(/Mode: +0640[\s\S]*User: +12 +Group: +34/)
  expect(await run('debugfs', ['-R', 'stat /link', file])).toContain('Fast link dest: "etc/motd"')
  expect(await left()).toEqual(before)
})

test('one command bundles a directory, uploads it and registers it', async () => {
  const before = await left()
  const put = new Map<string, string>()
  const objects: Partial<Objects> = {
    ensureBucket: async (bucket) => void put.set(bucket, 'bucket'),
    put: async (bucket, key, _, acl) => void put.set(`${bucket}/${key}`, acl),
  }
  const outside = { ...fakeOutside({ env: keys, answers: [{ ImageId: 'ami-1' }] }), objects: () => objects as Objects }
  const args = ['-i', join(folder, 'tree'), '-b', 'mine/a', '-r', 'x86_64', '-n', 'web', '--description', 'all of it']
  expect(await main('euca-install-image', args, outside)).toBe(0)
  expect(outside.printed.out).toBe('IMAGE\tami-1\n')
  const kept = { mine: 'bucket', 'mine/a/tree.part.0': 'aws-exec-read', 'mine/a/tree.manifest.xml': 'aws-exec-read' }
  expect(Object.fromEntries(put)).toEqual(kept)
  const input = { ImageLocation: 'mine/a/tree.manifest.xml', Name: 'web', Description: 'all of it' }
  expect(outside.asked).toEqual([{ operation: 'RegisterImage', input }])
  expect(await left()).toEqual(before)
})

test.each([
  [['-i', '/dev/null', '-r', 'x86_64'], '/dev/null is neither a file nor a directory'],
  [['-i', '/', '-p', 'all', '-r', 'x86_64'], 'where its file system would be made: set TMPDIR'],
])('what cannot be bundled is refused: %j', async (args, why) => {
  const before = await left()
  const outside = fakeOutside({ env: keys })
  expect(await main('ec2-bundle-image', args, outside)).toBe(1)
  expect(outside.printed.err).toContain(why)
  expect(await left()).toEqual(before)
})

test('a directory is no kernel', async () => {
  const before = await left()
  const args = ['-i', join(folder, 'tree'), '-r', 'x86_64', '--kernel', 'true', '-d', join(folder, 'none')]
  expect(await main('ec2-bundle-image', args, fakeOutside({ env: keys }))).toBe(2)
  expect(await readdir(folder)).not.toContain('none')
  expect(await left()).toEqual(before)
  expect(await readFile(join(folder, 'tree/etc/motd'), 'utf8')).toBe('hello\n')
})
