import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { entriesIn } from '../recipe.ts'
import { debianName, debianRecipe } from './debian.ts'

const recipe = new URL('../../../images/debian/', import.meta.url)
const archive = { codename: 'bookworm', version: '12', sources: [], date: new Date('2026-11-25T02:22:30Z') }
const text = (path: string) => readFile(new URL(path, recipe), 'utf8')

test('a name is of the form that tools look for', () => {
  expect(debianName(archive, '000005fc'.padEnd(64, '0'))).toBe('debian-12-amd64-20261125-1532')
})

test('another day of the archive makes another image, the same day the same', async () => {
  const again = await debianRecipe({ ...archive, sources: ['deb http://other.invalid/ bookworm main'] })
  expect(again).toBe(await debianRecipe(archive))
  expect(await debianRecipe({ ...archive, date: new Date('2026-11-26T02:22:30Z') })).not.toBe(again)
})

test('kernel and fstab look for the file system that is made', async () => {
  const { uuid, commandLine } = JSON.parse(await text('manifest.json')) as { uuid: string; commandLine: string }
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(commandLine).toContain(`root=UUID=${uuid} ro console=ttyS0`)
  expect(await text('root/etc/fstab')).toBe(`UUID=${uuid} / ext4 rw,discard,errors=remount-ro 0 1\n`)
})

test('the recipe names no mirror, and ships no password and no key', async () => {
  const files = (await entriesIn(new URL('.', recipe).pathname)).filter((it) => it.kind === 'file')
  for (const { path, content } of files) {
    expect(content.toString(), path).not.toMatch(/deb\.debian\.org|BEGIN .*KEY|ssh-(rsa|ed25519) |\$[1-9y]\$/)
    expect(path).not.toMatch(/shadow|authorized_keys|machine-id/)
  }
})

test('what installs packages and what ends the build can be run', async () => {
  const modes = (await entriesIn(new URL('.', recipe).pathname)).flatMap((it) =>
    it.kind === 'file' && it.mode === 0o755 ? [it.path] : [],
  )
  expect(modes).toEqual([
    'finish',
    'prepare',
    'root/etc/initramfs-tools/hooks/cumulet',
    'root/usr/lib/cumulet/park',
    'root/usr/lib/systemd/system-generators/cumulet-parking',
  ])
})
