/** ssh-keygen, openssl and puttygen are the independent source of what a key is. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemCode } from '../../base/fault.ts'
import { run, SubprocessError } from '../../base/subprocess.ts'
import { ApiError } from '../../model/errors.ts'
import { importKeyPair, makeKeyPair } from './keys.ts'
import { privateKeyText } from './private-keys.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keys-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function save(name: string, text: string): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, text, { mode: 0o600 })
  return file
}

/** A key of ssh-keygen: where its private half is. */
async function sshKeygen(name: string, ...args: string[]): Promise<string> {
  const file = join(directory, name)
  await run('ssh-keygen', ['-q', '-N', '', '-C', 'a comment', '-f', file, ...args])
  return file
}

const keyIn = (line: string) => line.split(' ').slice(0, 2).join(' ').trim()
const digest = async (hash: string, der: string) =>
  (await run('openssl', ['dgst', `-${hash}`, '-c', der])).trim().split('= ')[1]
const codeOf = (action: () => unknown) => {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof ApiError ? error.code : error
  }
}

describe('a made pair', () => {
  test.each(['rsa', 'ed25519'] as const)('of type %s in PEM belongs together, says ssh-keygen', async (type) => {
    const made = await makeKeyPair('testkey', type, 'pem')
    const file = await save(`made-${type}`, made.privateKey)
    expect((await run('ssh-keygen', ['-y', '-f', file])).trim()).toBe(keyIn(made.publicKey))
    expect(made.publicKey.endsWith(' testkey')).toBe(true)
  })

  test('of RSA is PKCS#1, 2048 bits, and has the SHA-1 fingerprint of its PKCS#8', async () => {
    const made = await makeKeyPair('testkey', 'rsa', 'pem')
    expect(made.privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
    const [file, der] = [await save('pkcs1', made.privateKey), join(directory, 'pkcs8.der')]
    await run('openssl', ['pkcs8', '-in', file, '-nocrypt', '-topk8', '-outform', 'DER', '-out', der])
    expect(made.fingerprint).toBe(await digest('sha1', der))
    expect(await run('openssl', ['rsa', '-in', file, '-noout', '-text'])).toContain('2048 bit')
  })

  test('of ED25519 has the fingerprint that ssh-keygen shows, padded', async () => {
    const made = await makeKeyPair('testkey', 'ed25519', 'pem')
    const shown = await run('ssh-keygen', ['-l', '-f', await save('made.pub', made.publicKey)])
    expect(shown).toContain(` SHA256:${made.fingerprint.replace(/=$/, '')} testkey `)
    expect(made.fingerprint).toMatch(/^[A-Za-z0-9+/]{43}=$/)
  })

  test('has a line that its name cannot break', async () => {
    const { publicKey } = await makeKeyPair('evil\nssh-rsa AAAA', 'ed25519', 'pem')
    expect(publicKey.split('\n')).toHaveLength(1)
  })

  test.each(['rsa', 'ed25519'] as const)('of type %s in PPK is one that PuTTY reads', async (type) => {
    const made = await makeKeyPair('my key', type, 'ppk')
    expect(made.privateKey).toMatch(/^PuTTY-User-Key-File-2: ssh-/)
    const opened = await puttygen(await save(`${type}.ppk`, made.privateKey))
    if (opened !== undefined) expect(opened.trim()).toBe(made.publicKey)
  })

  /** What PuTTY finds in the file; undefined where PuTTY is not installed. */
  async function puttygen(file: string): Promise<string | undefined> {
    try {
      return await run('puttygen', [file, '-O', 'public-openssh'])
    } catch (error) {
      if (error instanceof SubprocessError && systemCode(error.cause) === 'ENOENT') return undefined
      throw error
    }
  }

  test('that PuTTY made is written as PuTTY wrote it', () => {
    const d = vector.split('\n').at(-3) ?? '' // A string of 32 bytes, after its length.
    const seed = Buffer.from(d, 'base64').subarray(4).toString('base64url')
    const point = Buffer.from(vector.split('\n').slice(4, 6).join(''), 'base64').subarray(-32).toString('base64url')
    const jwk = { kty: 'OKP', crv: 'Ed25519', d: seed, x: point }
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
    const pair = { privateKey, publicKey: createPublicKey(privateKey) }
    expect(privateKeyText(pair, 'ppk', 'a comment')).toBe(vector)
  })
})

/** Made by puttygen 0.78 for this test: a key of nobody. */
const vector = `PuTTY-User-Key-File-2: ssh-ed25519
Encryption: none
Comment: a comment
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAICsFxSYdNOcEwu7C+3HJka+OdZw0A7yviF1Ukey2
X3XA
Private-Lines: 1
AAAAIK0SH8QyHdN+jubpnQysbuZe2/6fgOANd0fPV3953BBE
Private-MAC: ee2fe48422a24a3dcb2925cf2486bfffddc941b0
`

describe('an imported key', () => {
  test.each(['1024', '2048', '3072', '4096'])(
    'of RSA with %s bits has the MD5 fingerprint of its DER',
    async (bits) => {
      const file = await sshKeygen(`rsa-${bits}`, '-t', 'rsa', '-b', bits)
      const line = await readFile(`${file}.pub`, 'utf8')
      const [pem, der] = [
        await save('spki.pem', await run('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', file])),
        join(directory, 'spki.der'),
      ]
      await run('openssl', ['pkey', '-pubin', '-in', pem, '-outform', 'DER', '-out', der])
      const imported = importKeyPair('mine', line)
      expect(imported).toEqual({ type: 'rsa', fingerprint: await digest('md5', der), publicKey: `${keyIn(line)} mine` })
    },
  )

  test('of ED25519 has the fingerprint that ssh-keygen shows', async () => {
    const file = await sshKeygen('ed25519', '-t', 'ed25519')
    const imported = importKeyPair('mine', await readFile(`${file}.pub`))
    expect(await run('ssh-keygen', ['-l', '-f', file])).toContain(`SHA256:${imported.fingerprint.replace(/=$/, '')} `)
    expect(imported.type).toBe('ed25519')
  })

  test.each(['rsa', 'ed25519'])('of type %s is the same in every format', async (type) => {
    const file = await sshKeygen(`formats-${type}`, '-t', type)
    const line = await readFile(`${file}.pub`, 'utf8')
    const expected = importKeyPair('mine', line)
    const rfc4716 = await run('ssh-keygen', ['-e', '-m', 'RFC4716', '-f', file])
    expect(importKeyPair('mine', rfc4716)).toEqual(expected)
    expect(importKeyPair('mine', rfc4716.replaceAll('\n', '\r\n'))).toEqual(expected)
    expect(importKeyPair('mine', rfc4716.replace(/^Comment.*$/m, 'Comment: "a comment \\\nthat goes on"'))).toEqual(
      expected,
    )
    const pem = type === 'rsa' ? await run('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', file]) : ed25519Pem(line)
    expect(importKeyPair('mine', pem)).toEqual(expected)
    expect(importKeyPair('mine', pem.replace(/-----.*-----/g, ''))).toEqual(expected)
    expect(importKeyPair('mine', `\n${keyIn(line)}\n`)).toEqual(expected)
  })

  /** ssh-keygen writes no PEM of this type. Source: RFC 8410, section 4. */
  function ed25519Pem(line: string): string {
    const point = Buffer.from(line.split(' ')[1] ?? '', 'base64').subarray(-32)
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), point])
    return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`
  }

  test.each([
    ['ECDSA', ['-t', 'ecdsa']],
    ['DSA', ['-t', 'dsa']],
  ])('of %s is refused', async (name, args) => {
    const line = await readFile(`${await sshKeygen(name, ...args)}.pub`, 'utf8')
    expect(codeOf(() => importKeyPair('mine', line))).toBe('InvalidKey.Format')
  })

  test('is refused if it is private, has options, is two, is cut, or is none', async () => {
    const file = await sshKeygen('refused', '-t', 'rsa', '-b', '1024', '-m', 'PEM')
    const line = keyIn(await readFile(`${file}.pub`, 'utf8'))
    const [type, body = ''] = line.split(' ')
    const wrongs = [
      await readFile(file, 'utf8'),
      `command="sh",no-pty ${line}`,
      `${line}\n${line}`,
      `${type} ${body.slice(0, 100)}`,
      `${type} ${Buffer.concat([Buffer.from(body, 'base64'), Buffer.of(0, 0, 0, 0)]).toString('base64')}`,
      `ssh-ed25519 ${body}`,
      body.slice(1),
      '',
      'hello',
      'ssh-rsa',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----',
    ]
    for (const wrong of wrongs)
      expect([wrong, codeOf(() => importKeyPair('mine', wrong))]).toEqual([wrong, 'InvalidKey.Format'])
  })

  test('is refused if it is too long', () => {
    expect(codeOf(() => importKeyPair('mine', `ssh-rsa ${'A'.repeat(2048)}`))).toBe('InvalidParameterValue')
  })
})
