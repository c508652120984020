import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { Fault } from '../../base/fault.ts'
import { readStrings, sshNumber, sshString } from './ssh-wire.ts'

export const keyTypes = ['rsa', 'ed25519'] as const
export type KeyType = (typeof keyTypes)[number]

const sshNames = { rsa: 'ssh-rsa', ed25519: 'ssh-ed25519' } as const satisfies Record<KeyType, string>

export function typeOfKey(key: KeyObject): KeyType {
  const type = keyTypes.find((it) => it === key.asymmetricKeyType)
  if (type === undefined) throw new Fault(`a key of type ${key.asymmetricKeyType} is neither RSA nor ED25519`)
  return type
}

export function sshName(key: KeyObject): string {
  return sshNames[typeOfKey(key)]
}

/** The public half as SSH transports it. Source: RFC 4253, section 6.6; RFC 8709, section 4. */
export function publicBlob(key: KeyObject): Buffer {
  const { n = '', e = '', x = '' } = key.export({ format: 'jwk' })
  const number = (text: string) => sshNumber(Buffer.from(text, 'base64url'))
  const parts = typeOfKey(key) === 'rsa' ? [number(e), number(n)] : [sshString(Buffer.from(x, 'base64url'))]
  return Buffer.concat([sshString(sshName(key)), ...parts])
}

/** One line of authorized_keys. `name` becomes its comment, without what could end the line. */
export function publicKeyLine(key: KeyObject, name: string): string {
  return `${sshName(key)} ${publicBlob(key).toString('base64')} ${commentOf(name)}`
}

export function commentOf(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?')
}

/** The key in `blob`, or undefined if it is no RSA or ED25519 key, or has anything before, between or after. */
export function keyOfBlob(blob: Buffer): KeyObject | undefined {
  const [name, first, second, ...rest] = readStrings(blob) ?? []
  if (name?.equals(Buffer.from(sshNames.rsa)) && first && second && rest.length === 0) {
    return keyOfJwk({ kty: 'RSA', e: first.toString('base64url'), n: second.toString('base64url') }, blob)
  }
  if (name?.equals(Buffer.from(sshNames.ed25519)) && first?.length === 32 && !second) {
    return keyOfJwk({ kty: 'OKP', crv: 'Ed25519', x: first.toString('base64url') }, blob)
  }
  return undefined
}

/** Numbers may be written in many ways; only the one that we would write is a key. */
function keyOfJwk(jwk: { readonly [member: string]: string }, blob: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return publicBlob(key).equals(blob) ? key : undefined
  } catch {
    return undefined // No key has these numbers: it is for the caller to refuse.
  }
}

/**
 * The fingerprint of a pair that the service made: SHA-1 of the private key in DER (PKCS#8) for RSA, SHA-256 of the public blob
 * for ED25519. Source: EC2 API Reference, "KeyPairInfo"; values of EC2 in mulgadc/spinifex#570 and #571.
 */
export function madeFingerprint(privateKey: KeyObject, publicKey: KeyObject): string {
  return typeOfKey(publicKey) === 'rsa'
    ? colons(createHash('sha1').update(privateKey.export({ type: 'pkcs8', format: 'der' })))
    : blobFingerprint(publicKey)
}

/**
 * The fingerprint of an imported key: MD5 of the public key in DER (SubjectPublicKeyInfo) for RSA, though the API Reference
 * says RFC 4716; SHA-256 of the public blob for ED25519. Source: mulgadc/spinifex#570 and #571, which asked EC2.
 */
export function importedFingerprint(key: KeyObject): string {
  return typeOfKey(key) === 'rsa'
    ? colons(createHash('md5').update(key.export({ type: 'spki', format: 'der' })))
    : blobFingerprint(key)
}

/** BASE64 with its padding, without OpenSSH's `SHA256:`. */
function blobFingerprint(key: KeyObject): string {
  return createHash('sha256').update(publicBlob(key)).digest('base64')
}

function colons(hash: ReturnType<typeof createHash>): string {
  return hash.digest('hex').replace(/..(?!$)/g, '$&:')
}
