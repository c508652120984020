import { createCipheriv, createDecipheriv } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../../../base/fault.ts'
import { hex, type Random, systemRandom } from '../../../base/random.ts'

/** A volume's key as it is kept: sealed by an account's. */
export interface SealedKey {
  /** The account's key, which seals it. */
  readonly by: string
  readonly nonce: string
  readonly tag: string
  readonly sealed: string
}

const algorithm = 'aes-256-gcm'
const [keyBytes, nonceBytes] = [32, 12]

/**
 * The keys of accounts, a file each that root alone can read, and with them those of volumes. Who has the files of volumes and
 * snapshots and not this folder has nothing; who loses this folder has lost what is encrypted.
 */
export class Keyring {
  readonly #folder: string
  readonly #random: Random

  constructor(folder: string, random: Random = systemRandom) {
    this.#folder = folder
    this.#random = random
  }

  /** A new key, sealed by that account key, which is made if it is not there. */
  async make(by: string): Promise<SealedKey> {
    const nonce = this.#random.bytes(nonceBytes)
    const cipher = createCipheriv(algorithm, await this.#accountKey(by), nonce).setAAD(Buffer.from(by))
    const sealed = Buffer.concat([cipher.update(this.#random.bytes(keyBytes)), cipher.final()])
    return { by, nonce: base64(nonce), tag: base64(cipher.getAuthTag()), sealed: base64(sealed) }
  }

  /** The key, as words that QEMU takes for a passphrase. Throws where the account's key is not here, or is another. */
  async open({ by, nonce, tag, sealed }: SealedKey): Promise<string> {
    const key = await readFile(this.#file(by)).catch((cause: unknown) => {
      throw new Fault(`the account's key ${by} cannot be read`, { cause })
    })
    try {
      const decipher = createDecipheriv(algorithm, key, Buffer.from(nonce, 'base64'))
      decipher.setAAD(Buffer.from(by)).setAuthTag(Buffer.from(tag, 'base64'))
      return base64(Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()]))
    } catch (cause) {
      throw new Fault(`the account's key ${by} does not open it`, { cause })
    }
  }

  async #accountKey(id: string): Promise<Buffer> {
    const file = this.#file(id)
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const partial = `${file}.${hex(this.#random, 8)}`
    try {
      await using written = await open(partial, 'wx', 0o600)
      await written.writeFile(this.#random.bytes(keyBytes))
      await written.sync()
      await link(partial, file) // Whoever was first, it is theirs.
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    } finally {
      await rm(partial, { force: true })
    }
    return readFile(file)
  }

  #file(id: string): string {
    if (!/^[0-9a-f-]{36}$/.test(id)) throw new Fault(`'${id}' is no name of a key`)
    return join(this.#folder, `${id}.key`)
  }
}

/** How qemu-img is told a key: the object, by this id. */
export const secretObject = 'key'
/** How a node of QEMU's is told that it is encrypted, and by which of its secrets. */
export const sealedBy = { format: 'luks', 'key-secret': secretObject } as const

/** Runs `use` while a file in memory that has no name holds the key: no argument and no disk ever does. */
export async function withSecret<T>(key: string, use: (args: readonly string[]) => Promise<T>): Promise<T> {
  const path = join('/dev/shm', `cumulet-${hex(systemRandom, 16)}`)
  await using file = await open(path, 'wx+', 0o600)
  await rm(path)
  await file.writeFile(key)
  return await use(['--object', `secret,id=${secretObject},file=/proc/${process.pid}/fd/${file.fd}`])
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
