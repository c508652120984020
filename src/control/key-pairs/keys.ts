import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { refuse } from '../../model/errors.ts'
import { type KeyFormat, privateKeyText } from './private-keys.ts'
import {
  importedFingerprint,
  type KeyType,
  keyOfBlob,
  keyTypes,
  madeFingerprint,
  publicKeyLine,
  typeOfKey,
} from './public-keys.ts'

/** What is kept of a key pair. */
export interface PublicHalf {
  readonly type: KeyType
  readonly fingerprint: string
  /** One line of authorized_keys. */
  readonly publicKey: string
}

export interface MadeKeyPair extends PublicHalf {
  /** Shown to its owner once, and never stored. */
  readonly privateKey: string
}

const generate = promisify(generateKeyPair)

/** EC2's bits. Source: EC2 API Reference, "CreateKeyPair". */
const rsaBits = 2048

/**
 * EC2 documents 1024, 2048 and 4096 bits; others that ssh-keygen makes, 3072 (its default) and 8192, are let in too.
 * Source: EC2 User Guide, "Requirements for key pairs"; terraform-aws-modules/terraform-aws-key-pair#16 for 8192.
 */
const importable = { least: 1024, most: 8192 } as const

/** Source: EC2's answer "Length exceeds maximum of 2048". Guess: that it counts characters of the key as it was given. */
const longestMaterial = 2048

/** Makes a key pair, on another thread: RSA takes from 50 ms to a second. */
export async function makeKeyPair(name: string, type: KeyType, format: KeyFormat): Promise<MadeKeyPair> {
  const pair = type === 'rsa' ? await generate('rsa', { modulusLength: rsaBits }) : await generate('ed25519')
  return {
    type,
    fingerprint: madeFingerprint(pair.privateKey, pair.publicKey),
    publicKey: publicKeyLine(pair.publicKey, name),
    privateKey: privateKeyText(pair, format, name),
  }
}

/**
 * Reads a public key that was made elsewhere: a line as in id_rsa.pub (without options), RFC 4716, DER in BASE64, or PEM.
 * The line that is kept has `name` for its comment. Refuses: InvalidKey.Format (also private keys and DSA), InvalidParameterValue.
 */
export function importKeyPair(name: string, material: string | Uint8Array): PublicHalf {
  if (material.length > longestMaterial) refuse('InvalidParameterValue', { message: tooLong })
  const key = keyOf(
    Buffer.from(material as Uint8Array)
      .toString('latin1')
      .trim(),
  )
  if (!key || !isImportable(key)) return refuse('InvalidKey.Format')
  return { type: typeOfKey(key), fingerprint: importedFingerprint(key), publicKey: publicKeyLine(key, name) }
}

const tooLong = `Value for parameter PublicKeyMaterial is invalid. Length exceeds maximum of ${longestMaterial}.`

function isImportable(key: KeyObject): boolean {
  if (!keyTypes.some((it) => it === key.asymmetricKeyType)) return false
  const bits = key.asymmetricKeyDetails?.modulusLength
  return bits === undefined || (bits >= importable.least && bits <= importable.most)
}

function keyOf(text: string): KeyObject | undefined {
  if (text.startsWith('-----BEGIN ')) return keyOfPem(text)
  if (text.startsWith('---- BEGIN SSH2 PUBLIC KEY ----')) return keyOfRfc4716(text)
  return keyOfLine(text) ?? keyOfDer(base64(text))
}

/** Source: sshd(8), "AUTHORIZED_KEYS FILE FORMAT"; a line with options is not only a key, and is refused. */
function keyOfLine(text: string): KeyObject | undefined {
  const [, type, body] = /^(ssh-[a-z0-9]+)[ \t]+([A-Za-z0-9+/=]+)(?:[ \t][^\r\n]*)?$/.exec(text) ?? []
  const blob = body && base64(body)
  return blob && blob.subarray(4, 4 + (type?.length ?? 0)).toString() === type ? keyOfBlob(blob) : undefined
}

/** Source: RFC 4716, section 3: headers may go on over a line that ends with a backslash. */
function keyOfRfc4716(text: string): KeyObject | undefined {
  const lines = text
    .replace(/\\\r?\n/g, '')
    .split(/\r?\n/)
    .map((it) => it.trim())
  if (lines.at(-1) !== '---- END SSH2 PUBLIC KEY ----') return undefined
  const blob = base64(
    lines
      .slice(1, -1)
      .filter((it) => !it.includes(':'))
      .join(''),
  )
  return blob && keyOfBlob(blob)
}

function keyOfPem(text: string): KeyObject | undefined {
  const [, body] = /^-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----$/.exec(text) ?? []
  return keyOfDer(body && base64(body))
}

function keyOfDer(der: Buffer | undefined | ''): KeyObject | undefined {
  if (!der) return undefined
  try {
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' })
    return key.export({ type: 'spki', format: 'der' }).equals(der) ? key : undefined
  } catch {
    return undefined // It is no key: the caller is refused.
  }
}

/** The bytes, if `text` is BASE64 (that may be broken into lines) of any. */
function base64(text: string): Buffer | undefined {
  const joined = text.replace(/\s+/g, '')
  const bytes = Buffer.from(joined, 'base64')
  return bytes.length > 0 && bytes.toString('base64').replace(/=+$/, '') === joined.replace(/=+$/, '')
    ? bytes
    : undefined
}
