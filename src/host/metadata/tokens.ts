import { createHmac, timingSafeEqual } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault, systemCode } from '../../base/fault.ts'
import { hex, type Random } from '../../base/random.ts'
import type { InterfaceId } from '../../model/ids.ts'

/**
 * The session tokens of version 2 of the metadata service. They are not remembered: a token carries when it ends, and a
 * MAC over that and the interface it was made for. So any agent with the same key honours it, also after a restart.
 */
export interface Tokens {
  /** A new token for the guest behind `vif`; 56 characters of URL-safe BASE64, as EC2's are. */
  mint(vif: InterfaceId, ttlSeconds: number, now: Date): string
  /** How long `token` still holds for the guest behind `vif`, rounded up; undefined if it does not. */
  secondsLeft(vif: InterfaceId, token: string, now: Date): number | undefined
}

const keyBytes = 32
/** Version, end in seconds since 1970, nonce, MAC. */
const layout = { version: 1, end: 5, nonce: 10, mac: 24 } as const
const headBytes = layout.version + layout.end + layout.nonce
const tokenBytes = headBytes + layout.mac
const version = 1
const form = /^[A-Za-z0-9_-]{54}==$/

export function tokensOf(key: Buffer, random: Random): Tokens {
  if (key.length < keyBytes) throw new Fault(`a token key has ${keyBytes} bytes, this one has ${key.length}`)
  const macOf = (vif: InterfaceId, head: Buffer) =>
    createHmac('sha256', key).update(head).update(vif).digest().subarray(0, layout.mac)
  return {
    mint(vif, ttlSeconds, now) {
      const head = Buffer.alloc(headBytes)
      head.writeUInt8(version, 0)
      head.writeUIntBE(Math.floor(now.getTime() / 1000) + ttlSeconds, layout.version, layout.end)
      random.bytes(layout.nonce).copy(head, layout.version + layout.end)
      return `${Buffer.concat([head, macOf(vif, head)]).toString('base64url')}==`
    },
    secondsLeft(vif, token, now) {
      if (!form.test(token)) return undefined
      const bytes = Buffer.from(token, 'base64url')
      const head = bytes.subarray(0, headBytes)
      if (bytes.length !== tokenBytes || !timingSafeEqual(bytes.subarray(headBytes), macOf(vif, head))) return undefined
      const left = Math.ceil(head.readUIntBE(layout.version, layout.end) - now.getTime() / 1000)
      return head.readUInt8(0) === version && left > 0 ? left : undefined
    },
  }
}

/** The key in `file`, made at the first call and the same ever after, also when two agents ask at once. Mode 0600. */
export async function openTokenKey(file: string, random: Random): Promise<Buffer> {
  return (await readKey(file)) ?? (await makeKey(file, random)) ?? openTokenKey(file, random)
}

async function readKey(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a new key beside `file` and links it there, so that nobody ever reads half a key. Undefined: another was first. */
async function makeKey(file: string, random: Random): Promise<Buffer | undefined> {
  const key = random.bytes(keyBytes)
  const draft = `${file}.${hex(random, 8)}`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await using written = await open(draft, 'wx', 0o600)
  try {
    await written.writeFile(key)
    await written.sync()
    await link(draft, file)
    return key
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undefined
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}
