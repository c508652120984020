/**
 * The manifest of a bundle, version 2007-10-10: what the image is, its parts and their digests, the keys that open them for the
 * cloud and for its owner, and the owner's signature over all that.
 * Source: ec2-ami-tools 1.5, lib/ec2/amitools/manifestv20071010.rb; euca2ools 3.4, bundle/manifest.py.
 */
import {
  constants,
  createPublicKey,
  createSign,
  createVerify,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { BundleRefused, refuseBundle } from './refused.ts'

export interface Manifest {
  readonly architecture: string
  /** `true`: the image is a kernel itself. */
  readonly kernel?: string
  readonly ramdisk?: string
  readonly name: string
  /** The owner's account. */
  readonly user: string
  /** SHA-1 of the archive, before it was packed and encrypted. */
  readonly digest: string
  /** Bytes of the image. */
  readonly size: number
  /** Bytes of all parts together. */
  readonly bundledSize: number
  readonly parts: readonly Part[]
  /** Hexadecimal. */
  readonly keys: { readonly cloud: WrappedKey; readonly user: WrappedKey }
}

export interface Part {
  readonly name: string
  readonly digest: string
}

/** Key and IV, each as hexadecimal text that was encrypted for one certificate. */
export interface WrappedKey {
  readonly key: string
  readonly iv: string
}

export interface CipherKey {
  readonly key: Buffer
  readonly iv: Buffer
}

/** Source: EC2 User Guide (2012), "Creating your own AMIs": 10 GB for an image of instance store. */
export const largestImage = 10 * 2 ** 30
export const partBytes = 10 * 2 ** 20
export const largestManifest = 2 ** 20

/** The manifest's text, signed by its owner. */
export function writeManifest(it: Manifest, ownerKey: KeyObject): string {
  const configuration = element('machine_configuration', [
    element('architecture', it.architecture),
    ...(it.kernel !== undefined ? [element('kernel_id', it.kernel)] : []),
    ...(it.ramdisk !== undefined ? [element('ramdisk_id', it.ramdisk)] : []),
  ])
  const image = element('image', [
    ...[element('name', it.name), element('user', it.user), element('type', typeOf(it))],
    `<digest algorithm="SHA1">${it.digest}</digest>`,
    ...[element('size', String(it.size)), element('bundled_size', String(it.bundledSize))],
    `<ec2_encrypted_key algorithm="AES-128-CBC">${it.keys.cloud.key}</ec2_encrypted_key>`,
    `<user_encrypted_key algorithm="AES-128-CBC">${it.keys.user.key}</user_encrypted_key>`,
    ...[element('ec2_encrypted_iv', it.keys.cloud.iv), element('user_encrypted_iv', it.keys.user.iv)],
    `<parts count="${it.parts.length}">${it.parts.map(partElement).join('')}</parts>`,
  ])
  const signature = createSign('RSA-SHA1')
    .update(configuration + image)
    .sign(ownerKey, 'hex')
  const bundler = '<bundler><name>cumulet</name><version>1.0</version><release>0</release></bundler>'
  return `<?xml version="1.0"?><manifest><version>2007-10-10</version>${bundler}${configuration}${image}<signature>${signature}</signature></manifest>`
}

export type ImageType = 'machine' | 'kernel' | 'ramdisk'

/** What a manifest's image is. */
export function typeOf({ kernel, ramdisk }: Pick<Manifest, 'kernel' | 'ramdisk'>): ImageType {
  return kernel === 'true' ? 'kernel' : ramdisk === 'true' ? 'ramdisk' : 'machine'
}

function partElement({ name, digest }: Part, index: number): string {
  return `<part index="${index}"><filename>${escaped(name)}</filename><digest algorithm="SHA1">${digest}</digest></part>`
}

function element(name: string, content: string | readonly string[]): string {
  return `<${name}>${typeof content === 'string' ? escaped(content) : content.join('')}</${name}>`
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Refuses unless one of these certificates signed the manifest. The signature is over two elements, byte by byte. */
export function verifyManifest(text: string, certificates: readonly string[]): void {
  const signed = ['machine_configuration', 'image'].map((name) => {
    const [start, end] = [text.indexOf(`<${name}>`), text.lastIndexOf(`</${name}>`)]
    return start < 0 || end < start
      ? refuseBundle(`the manifest has no ${name}`)
      : text.slice(start, end + name.length + 3)
  })
  const signature = /<signature>\s*([0-9a-fA-F]+)\s*<\/signature>/.exec(text)?.[1]
  if (signature === undefined) refuseBundle('the manifest is not signed')
  const isSigned = certificates.some((it) =>
    createVerify('RSA-SHA1').update(signed.join('')).verify(createPublicKey(it), signature, 'hex'),
  )
  if (!isSigned) refuseBundle('the manifest is not signed by a certificate of this account')
}

const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, isArray: (name) => name === 'part' })

/** Reads a manifest. What is in it is a claim until `verifyManifest`. */
export function readManifest(text: string): Manifest {
  if (text.length > largestManifest) refuseBundle('the manifest is too large')
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) refuseBundle('the manifest is no XML')
  const root = branch(parser.parse(text) as unknown, 'manifest')
  if (leaf(root, 'version') !== '2007-10-10') refuseBundle('the manifest is not of version 2007-10-10')
  const [configuration, image] = [branch(root, 'machine_configuration'), branch(root, 'image')]
  const found = branch(image, 'parts')['part']
  const parts = (Array.isArray(found) ? (found as unknown[]) : []).map(partOf)
  const manifest: Manifest = {
    architecture: leaf(configuration, 'architecture'),
    ...optional(configuration, 'kernel', 'kernel_id'),
    ...optional(configuration, 'ramdisk', 'ramdisk_id'),
    ...{
      name: leaf(image, 'name'),
      user: leaf(image, 'user').replaceAll('-', ''),
      digest: sha1(leaf(image, 'digest')),
    },
    ...{ size: bytes(image, 'size'), bundledSize: bytes(image, 'bundled_size'), parts },
    keys: {
      cloud: { key: leaf(image, 'ec2_encrypted_key'), iv: leaf(image, 'ec2_encrypted_iv') },
      user: { key: leaf(image, 'user_encrypted_key'), iv: leaf(image, 'user_encrypted_iv') },
    },
  }
  if (parts.length === 0 || parts.length > manifest.bundledSize / partBytes + 1)
    refuseBundle('the parts are not as many as they should be')
  return manifest
}

type Branch = Readonly<Record<string, unknown>>

function branch(node: unknown, name: string): Branch {
  const found =
    typeof node === 'object' && node !== null && Object.hasOwn(node, name) ? (node as Branch)[name] : undefined
  return typeof found === 'object' && found !== null ? (found as Branch) : refuseBundle(`the manifest has no ${name}`)
}

function leaf(node: Branch, name: string): string {
  const found = Object.hasOwn(node, name) ? node[name] : undefined
  return typeof found === 'string' && found !== '' ? found.trim() : refuseBundle(`the manifest has no ${name}`)
}

function optional(node: Branch, as: 'kernel' | 'ramdisk', name: string): { kernel?: string; ramdisk?: string } {
  const found = Object.hasOwn(node, name) ? node[name] : undefined
  return typeof found === 'string' && found.trim() !== '' ? { [as]: found.trim() } : {}
}

function partOf(node: unknown): Part {
  const part = typeof node === 'object' && node !== null ? (node as Branch) : refuseBundle('a part has no name')
  const name = leaf(part, 'filename')
  if (!/^[\w.+-]{1,255}$/.test(name) || /^\.+$/.test(name)) refuseBundle('a part has a name that is none of a file')
  return { name, digest: sha1(leaf(part, 'digest')) }
}

function sha1(text: string): string {
  return /^[0-9a-fA-F]{40}$/.test(text) ? text.toLowerCase() : refuseBundle('a digest is no SHA-1')
}

function bytes(node: Branch, name: string): number {
  const text = leaf(node, name)
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0) refuseBundle(`${name} is no number of bytes`)
  if (Number(text) > largestImage) refuseBundle(`an image may have ${largestImage / 2 ** 30} GiB, not ${text} bytes`)
  return Number(text)
}

/** Key and IV for the owner of this certificate (or its public key). */
export function wrapKey({ key, iv }: CipherKey, certificate: string): WrappedKey {
  const publicKey = { key: createPublicKey(certificate), padding: constants.RSA_PKCS1_PADDING }
  const wrap = (it: Buffer) => publicEncrypt(publicKey, Buffer.from(it.toString('hex'))).toString('hex')
  return { key: wrap(key), iv: wrap(iv) }
}

/** Refuses what was encrypted for another. */
export function unwrapKey(wrapped: WrappedKey, privateKey: KeyObject): CipherKey {
  const unwrap = (text: string) => {
    const plain = decrypt(text, privateKey).toString('latin1')
    if (!/^[0-9a-fA-F]{32}$/.test(plain)) refuseBundle('the bundle was encrypted for another')
    return Buffer.from(plain, 'hex')
  }
  return { key: unwrap(wrapped.key), iv: unwrap(wrapped.iv) }
}

function decrypt(text: string, key: KeyObject): Buffer {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(text, 'hex'))
  } catch (cause) {
    throw new BundleRefused('the bundle was encrypted for another', { cause })
  }
}
