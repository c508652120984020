/** Objects of a store that is not ours: any other S3, whose place and keys the operator has said. */
import { openAsBlob } from 'node:fs'
import type { HttpRequest } from '../iam/http-request.ts'
import { percentEncode } from '../iam/percent.ts'
import { signV4 } from '../iam/sign.ts'

export interface Elsewhere {
  /** `https://s3.example:9000`; path style. */
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

type At = { readonly bucket: string; readonly key: string }

/** The object; `undefined` where it is not there or may not be read with these keys. Throws where the store does not answer so. */
export async function readElsewhere(
  elsewhere: Elsewhere,
  at: At,
  now: Date,
  abort: AbortSignal,
): Promise<{ bytes: number; content: AsyncGenerator<Buffer> } | undefined> {
  const { address, headers } = signedFor(elsewhere, 'GET', at, now)
  const answer = await fetch(address, { headers, signal: abort })
  if (answer.status === 403 || answer.status === 404) {
    await answer.body?.cancel()
    return undefined
  }
  if (!answer.ok || !answer.body) throw new Error(`the object store at ${elsewhere.url} answered ${answer.status}`)
  return { bytes: Number(answer.headers.get('content-length') ?? 0), content: pieces(answer.body) }
}

async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const it of body) yield Buffer.from(it)
}

/** Makes the file the object; false where these keys may not write there. Throws where the store does not answer so. */
export async function writeElsewhere(
  elsewhere: Elsewhere,
  at: At,
  file: string,
  { now, abort }: { readonly now: Date; readonly abort: AbortSignal },
): Promise<boolean> {
  const { address, headers } = signedFor(elsewhere, 'PUT', at, now)
  // A blob of a file is read as it is sent, and its length is known before.
  const answer = await fetch(address, { method: 'PUT', headers, body: await openAsBlob(file), signal: abort })
  await answer.body?.cancel()
  if (answer.status === 403 || answer.status === 404) return false
  if (!answer.ok) throw new Error(`the object store at ${elsewhere.url} answered ${answer.status}`)
  return true
}

function signedFor({ url, region, accessKeyId, secretAccessKey }: Elsewhere, method: 'GET' | 'PUT', at: At, now: Date) {
  const { origin, host, pathname } = new URL(url)
  const path = `${pathname.replace(/\/$/, '')}/${[at.bucket, ...at.key.split('/')].map(percentEncode).join('/')}`
  const headers: HttpRequest['headers'] = [
    ['host', host],
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ]
  const request = { method, path, query: '', headers, body: Buffer.alloc(0) }
  const credentials = { accessKeyId, secret: secretAccessKey }
  const signed = signV4(request, { credentials, region, service: 's3', at: now })
  const sent = signed.headers
    .filter(([name]) => name !== 'host')
    .map(([name, value]): [string, string] => [name, value])
  return { address: `${origin}${path}`, headers: sent }
}
