import { createHash, createHmac, type KeyObject } from 'node:crypto'
import { commentOf, publicBlob, sshName, typeOfKey } from './public-keys.ts'
import { sshNumber, sshString } from './ssh-wire.ts'

export const keyFormats = ['pem', 'ppk'] as const
export type KeyFormat = (typeof keyFormats)[number]

/** The private half as its owner gets it, once. `name` is the comment, where the format has one. */
export function privateKeyText(
  pair: { privateKey: KeyObject; publicKey: KeyObject },
  format: KeyFormat,
  name: string,
): string {
  if (format === 'ppk') return ppk(pair, name)
  return typeOfKey(pair.publicKey) === 'rsa' ? rsaPem(pair.privateKey) : openSshPem(pair)
}

/** Source: EC2 API Reference, "CreateKeyPair": PKCS#1. Guess: without a newline at its end, as in the Reference's examples. */
function rsaPem(key: KeyObject): string {
  return key.export({ type: 'pkcs1', format: 'pem' }).toString().trimEnd()
}

/**
 * ED25519 in a PEM of OpenSSH's own, since ssh reads no other; it wants the newline at the end. Not encrypted, no comment.
 * Source: OpenSSH, PROTOCOL.key.
 */
function openSshPem({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): string {
  const blob = publicBlob(publicKey)
  const [seed, point] = [member(privateKey, 'd'), member(privateKey, 'x')]
  const check = createHash('sha256').update(blob).digest().subarray(0, 4) // Any number, twice: shows a wrong passphrase.
  const secret = [
    check,
    check,
    sshString(sshName(publicKey)),
    sshString(point),
    sshString(Buffer.concat([seed, point])),
  ]
  const section = padded(Buffer.concat([...secret, sshString('')]), 8)
  const none = [sshString('none'), sshString('none'), sshString('')]
  const count = Buffer.of(0, 0, 0, 1)
  const file = Buffer.concat([Buffer.from('openssh-key-v1\0'), ...none, count, sshString(blob), sshString(section)])
  const lines = wrap(file, 70).join('\n')
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`
}

/**
 * PuTTY's own format, version 2: every PuTTY reads it, version 3 only those since 0.75.
 * Source: PuTTY User Manual, appendix C. Guess: that EC2 writes version 2.
 */
function ppk({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }, name: string): string {
  const [type, comment] = [sshName(publicKey), commentOf(name)]
  const [open, secret] = [publicBlob(publicKey), ppkSecret(privateKey)]
  const macKey = createHash('sha1').update('putty-private-key-file-mac-key').digest()
  const signed = [type, 'none', comment, open, secret].map((it) => sshString(it))
  const mac = createHmac('sha1', macKey).update(Buffer.concat(signed)).digest('hex')
  const [openLines, secretLines] = [wrap(open, 64), wrap(secret, 64)]
  return [
    `PuTTY-User-Key-File-2: ${type}`,
    'Encryption: none',
    `Comment: ${comment}`,
    `Public-Lines: ${openLines.length}`,
    ...openLines,
    `Private-Lines: ${secretLines.length}`,
    ...secretLines,
    `Private-MAC: ${mac}\n`,
  ].join('\n')
}

function ppkSecret(key: KeyObject): Buffer {
  if (typeOfKey(key) === 'ed25519') return sshString(member(key, 'd'))
  return Buffer.concat((['d', 'p', 'q', 'qi'] as const).map((name) => sshNumber(member(key, name))))
}

function member(key: KeyObject, name: 'd' | 'p' | 'q' | 'qi' | 'x'): Buffer {
  return Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url')
}

/** Filled up with 1, 2, 3 … to a multiple of `size`. */
function padded(bytes: Buffer, size: number): Buffer {
  const missing = (size - (bytes.length % size)) % size
  return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, index) => index + 1))])
}

function wrap(bytes: Buffer, width: number): string[] {
  return bytes.toString('base64').match(new RegExp(`.{1,${width}}`, 'g')) ?? []
}
