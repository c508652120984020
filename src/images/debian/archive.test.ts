import { describe, expect, test } from 'vitest'
import { archiveFrom } from './archive.ts'

const release = (codename: string, date: string, more = '') =>
  `Origin: Debian\nLabel: Debian\n${more}Codename: ${codename}\nDate: ${date}\n`
const bookworm = release('bookworm', 'Sat, 11 Jul 2026 10:16:37 UTC', 'Version: 12.14\n')
const security = release('bookworm-security', 'Wed, 25 Nov 2026 02:22:30 UTC')
const targets = [
  'Debian bookworm main http://mirror.invalid/debian/',
  'Debian bookworm main http://mirror.invalid/debian/',
  'Debian bookworm contrib http://mirror.invalid/debian/',
  'Debian bookworm-security main http://security.invalid/',
  'Debian bookworm-backports main http://mirror.invalid/debian/',
  'Somebody bookworm main http://elsewhere.invalid/',
  '',
].join('\n')

describe('the archive that apt knows', () => {
  test('is Debian with its updates, once each, and nothing else that apt has', () => {
    expect(archiveFrom(targets, [security, bookworm]).sources).toEqual([
      'deb http://mirror.invalid/debian/ bookworm main',
      'deb http://security.invalid/ bookworm-security main',
    ])
  })

  test('is of the day on which the newest part of it was published', () => {
    const { codename, version, date } = archiveFrom(targets, [security, bookworm])
    expect([codename, version, date.toISOString()]).toEqual(['bookworm', '12', '2026-11-25T02:22:30.000Z'])
  })

  test('is refused where there is no Debian in it', () => {
    const theirs = release('noble', 'Wed, 25 Nov 2026 02:22:30 UTC').replace('Debian', 'Ubuntu')
    expect(() => archiveFrom('Ubuntu noble main http://mirror.invalid/\n', [theirs])).toThrow('no Debian')
  })
})
