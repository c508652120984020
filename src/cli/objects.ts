/** The little of S3 that commands for bundles need, in path style. */
import { Fault } from '../base/fault.ts'
import type { HttpRequest } from '../iam/http-request.ts'
import { percentEncode } from '../iam/percent.ts'
import { signV4 } from '../iam/sign.ts'
import type { Target } from './target.ts'

export interface Objects {
  /** Makes the bucket where there is none. */
  ensureBucket(bucket: string): Promise<void>
  put(bucket: string, key: string, content: Buffer, acl: string): Promise<void>
  get(bucket: string, key: string): Promise<Buffer>
  remove(bucket: string, key: string): Promise<void>
  /** Keys that begin so. */
  list(bucket: string, prefix: string): Promise<string[]>
  removeBucket(bucket: string): Promise<void>
}

type Send = (request: HttpRequest) => Promise<{ status: number; content: Buffer }>

/** Objects at `endpoint`, signed with the target's keys. */
export function objectsAt(endpoint: string, { region, keys }: Target, now: () => Date, send: Send): Objects {
  if ('awsProfile' in keys)
    throw new Fault('bundles need keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use -I and -S')
  const { host, pathname } = new URL(endpoint)
  const credentials = {
    ...{ accessKeyId: keys.accessKeyId, secret: keys.secretAccessKey },
    ...(keys.sessionToken !== undefined && { sessionToken: keys.sessionToken }),
  }
  const ask = async (method: string, at: string, more: { content?: Buffer; acl?: string; query?: string } = {}) => {
    const path = `${pathname.replace(/\/$/, '')}/${at.split('/').map(percentEncode).join('/')}`
    const headers: HttpRequest['headers'] = [
      ['host', host],
      ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
      ...(more.acl === undefined ? [] : [['x-amz-acl', more.acl] as const]),
    ]
    const request = { method, path, query: more.query ?? '', headers, body: more.content ?? Buffer.alloc(0) }
    return await send(signV4(request, { credentials, region, service: 's3', at: now() }))
  }
  const mustAsk = async (...args: Parameters<typeof ask>) => {
    const answer = await ask(...args)
    if (answer.status >= 300) throw new Fault(`${args[0]} ${args[1]}: ${whyIn(answer)}`)
    return answer.content
  }
  return {
    async ensureBucket(bucket) {
      const { status } = await ask('HEAD', bucket)
      if (status === 404) await mustAsk('PUT', bucket)
      else if (status >= 300) throw new Fault(`the bucket ${bucket} is not yours: ${status}`)
    },
    put: async (bucket, key, content, acl) => void (await mustAsk('PUT', `${bucket}/${key}`, { content, acl })),
    get: (bucket, key) => mustAsk('GET', `${bucket}/${key}`),
    remove: async (bucket, key) => void (await mustAsk('DELETE', `${bucket}/${key}`)),
    async list(bucket, prefix) {
      const query = `encoding-type=url&list-type=2&prefix=${percentEncode(prefix)}`
      const text = (await mustAsk('GET', bucket, { query })).toString()
      return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => decodeURIComponent(key))
    },
    removeBucket: async (bucket) => void (await mustAsk('DELETE', bucket)),
  }
}

function whyIn({ status, content }: { status: number; content: Buffer }): string {
  const [, code, message] = /<Code>([^<]*)<\/Code>\s*<Message>([^<]*)/.exec(content.toString('utf8', 0, 4096)) ?? []
  return code === undefined ? `status ${status}` : `${code}: ${message}`
}

/** Sends by Node's own client. */
export async function sendByHttp(endpoint: string, { method, path, query, headers, body }: HttpRequest) {
  const { origin } = new URL(endpoint)
  const url = `${origin}${path}${query && `?${query}`}`
  const sent = headers.filter(([name]) => name !== 'host')
  const answer = await fetch(url, {
    method,
    headers: sent.map(([name, value]): [string, string] => [name, value]),
    ...(body.length > 0 && { body: new Uint8Array(body) }),
  })
  return { status: answer.status, content: Buffer.from(await answer.arrayBuffer()) }
}
