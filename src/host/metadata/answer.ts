import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { VifSpec } from '../../host-api/spec.ts'
import { type Found, find, isTokenPath } from './paths.ts'
import type { Tokens } from './tokens.ts'

/** Who asks: a vif is a `VifSpec` or what is needed of one. */
export type Guest = Pick<VifSpec, 'id' | 'metadata'>

export interface Ask {
  readonly method: string
  /** The request's target, as sent: `/latest/meta-data/?x`. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
}

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

const tokenHeader = 'x-aws-ec2-metadata-token'
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds'
const ttlHeaderOut = 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds'
const longestTtlSeconds = 21_600

const reasons = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
} as const

/**
 * What the metadata service says to `guest`. Pure; the guest's identity is an argument and never taken from the request.
 *
 * `PUT …/api/token` gives a token, whatever mode. Everything else is read-only. A token that does not hold is refused even
 * where none is needed; a disabled service refuses everything.
 * Source: EC2 User Guide, "Use the Instance Metadata Service to access instance metadata"; recorded answers of EC2.
 */
export function answer(ask: Ask, guest: Guest, tokens: Tokens, at: { now: Date; changed: Date }): Answer {
  const path = pathOf(ask.target)
  if (!guest.metadata.enabled) return refusal(403)
  if (path === undefined) return refusal(400)
  if (ask.method === 'PUT' && ask.headers['x-forwarded-for'] !== undefined) return refusal(403)
  if (isTokenPath(path))
    return ask.method === 'PUT' ? newToken(ask, guest, tokens, at.now) : methods(ask, 'OPTIONS, PUT')
  if (ask.method !== 'GET' && ask.method !== 'HEAD') return methods(ask, 'OPTIONS, GET, HEAD')

  const token = ask.headers[tokenHeader]
  const left = typeof token === 'string' ? tokens.secondsLeft(guest.id, token, at.now) : undefined
  if (left === undefined && (token !== undefined || guest.metadata.tokens === 'required')) return refusal(401)
  const found = find(guest.metadata, path)
  if (found === undefined) return refusal(404)
  if (found.kind === 'moved') return moved(ask, path)
  return content(found, at.changed, left)
}

/** A page that says no, as EC2's web server writes it. Source: the 404 page in Netflix/ndbench#47. */
export function refusal(status: keyof typeof reasons): Answer {
  const title = `${status} - ${reasons[status]}`
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
         "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`
  return { status, reason: reasons[status], headers: { 'Content-Type': 'text/html' }, body }
}

/** The target's path, decoded, with the host of the absolute form (that a proxy's client sends) left out. */
function pathOf(target: string): string | undefined {
  const path = /^(?:https?:\/\/[^/?#]*)?(\/[^?#]*|(?=[?#]|$))/i.exec(target)?.[1]
  try {
    return path === undefined ? undefined : decodeURIComponent(path)
  } catch {
    return undefined // An escape that is none: the caller answers 400.
  }
}

/**
 * The TTL comes first, so that the packet with a token, and no other, begins with `HTTP/1.1 200 OK` and `X-Aws`: by that
 * nftables (`@ih,136,40 0x582d417773`) can give it the hop limit, which Node.js cannot set.
 * Source: EC2 User Guide, "How Instance Metadata Service Version 2 works", for the range of the TTL.
 */
function newToken(ask: Ask, guest: Guest, tokens: Tokens, now: Date): Answer {
  const wanted = ask.headers[ttlHeader]
  if (typeof wanted !== 'string' || !/^[0-9]{1,5}$/.test(wanted)) return refusal(400)
  const ttlSeconds = Number(wanted)
  if (ttlSeconds < 1 || ttlSeconds > longestTtlSeconds) return refusal(400)
  const headers = { [ttlHeaderOut]: String(ttlSeconds), 'Content-Type': 'text/plain' }
  return { status: 200, reason: 'OK', headers, body: tokens.mint(guest.id, ttlSeconds, now) }
}

/** Source: the 405 of EC2 as recorded in April 2020, its reason phrase included. Guess: that OPTIONS gets the list as a success. */
function methods({ method }: Ask, allow: string): Answer {
  const headers = { 'Content-Type': 'text/plain', Allow: allow }
  return method === 'OPTIONS'
    ? { status: 200, reason: 'OK', headers, body: '' }
    : { status: 405, reason: 'Not Allowed', headers, body: '' }
}

function moved({ headers }: Ask, path: string): Answer {
  const host = /^[\w.:[\]-]+$/.test(headers.host ?? '') ? headers.host : '169.254.169.254'
  const location = `http://${host}${encodeURI(path)}/`
  return { status: 301, reason: 'Moved Permanently', headers: { Location: location }, body: '' }
}

/** Source: headers of EC2 recorded in 2016 (with ETag), 2022 and 2023; text is text/plain, user data octets. */
function content(found: Exclude<Found, { kind: 'moved' }>, changed: Date, left: number | undefined): Answer {
  const body = found.kind === 'text' ? Buffer.from(found.text) : found.bytes
  const headers = {
    'Content-Type': found.kind === 'text' ? 'text/plain' : 'application/octet-stream',
    'Accept-Ranges': 'none',
    ETag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`,
    'Last-Modified': changed.toUTCString(),
    ...(left !== undefined && { [ttlHeaderOut]: String(left) }),
  }
  return { status: 200, reason: 'OK', headers, body }
}
