/** Keys and certificates: the cloud's own, and one for each account that was made here. Files in the data directory, made once. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { chmod, mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../base/files.ts'
import { run } from '../../base/subprocess.ts'

export interface KeyFiles {
  readonly key: string
  readonly certificate: string
}

/** Where the pair of this name is. */
export function keyFilesOf(folder: string, name: string): KeyFiles {
  return { key: join(folder, `pk-${name}.pem`), certificate: join(folder, `cert-${name}.pem`) }
}

export const cloudName = 'cloud'

/** Makes a key of 2048 bits and a certificate that it signs itself, where they are not there. Good for ten years. */
export async function ensureKeyFiles(folder: string, name: string): Promise<KeyFiles> {
  const files = keyFilesOf(folder, name)
  if (await exists(files.certificate)) return files
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const partial = { key: `${files.key}.new`, certificate: `${files.certificate}.new` }
  const subject = ['-subj', `/O=Cumulet/CN=${name}`, '-days', '3650']
  const out = ['-keyout', partial.key, '-out', partial.certificate]
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', ...subject, ...out])
  await chmod(partial.key, 0o600)
  await rename(partial.key, files.key)
  await rename(partial.certificate, files.certificate)
  return files
}

export async function readKey({ key }: KeyFiles): Promise<KeyObject> {
  return createPrivateKey(await readFile(key))
}
