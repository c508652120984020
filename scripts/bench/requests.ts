/** Requests as clients of EC2 send them: signed, and in bytes. */
import { Fault } from '../../src/base/fault.ts'
import type { HttpRequest } from '../../src/iam/http-request.ts'
import { type Credentials, formEncode, signV4 } from '../../src/iam/sign.ts'

export type Params = Readonly<Record<string, string>>

export interface Target {
  readonly port: number
  readonly region: string
  readonly credentials: Credentials
}

const version = '2016-11-15'

/** Sends one call and gives the answer's XML. Throws what was refused. */
export async function call(target: Target, params: Params): Promise<string> {
  const { headers, body } = sign(target, params)
  const sent = Object.fromEntries(headers.filter(([name]) => name !== 'host')) // fetch says it itself, and the same.
  const url = `http://127.0.0.1:${target.port}/`
  const answer = await fetch(url, { method: 'POST', headers: sent, body: body.toString('latin1') })
  const text = await answer.text()
  if (!answer.ok) throw new Fault(`${params.Action} was refused: ${text}`)
  return text
}

/** One whole request with a signature in its header: good for the minutes that a signature is good for. */
export function signedRequest(target: Target, params: Params): string {
  const { headers, body } = sign(target, params)
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return ['POST / HTTP/1.1', ...lines, `content-length: ${body.length}`, '', body.toString('latin1')].join('\r\n')
}

function sign({ port, region, credentials }: Target, params: Params): HttpRequest {
  const body = Buffer.from(formEncode(Object.entries({ ...params, Version: version })))
  const headers = [
    ['host', `127.0.0.1:${port}`],
    ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
  ] as const
  const request = { method: 'POST', path: '/', query: '', headers, body }
  return signV4(request, { credentials, region, service: 'ec2', at: new Date() })
}
