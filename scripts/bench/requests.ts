/** Requests as clients of EC2 send them: signed, and in bytes. */
import { type Credentials, formEncode, signV4 } from '../../src/iam/sign.ts'

export type Params = Readonly<Record<string, string>>

export interface Target {
  readonly port: number
  readonly region: string
  readonly credentials: Credentials
}

const version = '2016-11-15'

/** One whole request with a signature in its header: good for the minutes that a signature is good for. */
export function signedRequest({ port, region, credentials }: Target, params: Params): string {
  const body = Buffer.from(formEncode(Object.entries({ ...params, Version: version })))
  const headers = [
    ['host', `127.0.0.1:${port}`],
    ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
  ] as const
  const request = { method: 'POST', path: '/', query: '', headers, body }
  const signed = signV4(request, { credentials, region, service: 'ec2', at: new Date() })
  const lines = signed.headers.map(([name, value]) => `${name}: ${value}`)
  return ['POST / HTTP/1.1', ...lines, `content-length: ${body.length}`, '', body.toString('latin1')].join('\r\n')
}
