import { createHmac } from 'node:crypto'
import type { Params } from './params.ts'
import { canonicalQuery } from './sigv4.ts'

/** The text that SigV2 signs. Source: AWS General Reference (2014), "Signature Version 2 Signing Process". */
export function stringToSignV2(method: string, host: string, path: string, params: Params): string {
  return [method, host, path === '' ? '/' : path, canonicalQuery(params.filter(([name]) => name !== 'Signature'))].join(
    '\n',
  )
}

/** Base 64. */
export function signatureV2(secret: string, hash: 'sha1' | 'sha256', text: string): string {
  return createHmac(hash, secret).update(text).digest('base64')
}
