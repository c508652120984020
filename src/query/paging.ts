/** Pages of an answer. A token says where the next page begins; it is opaque to callers, and worthless elsewhere. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { refuse } from '../model/errors.ts'
import { leastPage } from './page-sizes.ts'

export interface PageRequest {
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
}

export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly NextToken?: string
}

/** Cuts pages and signs their tokens with `secret`, so that a token can't be made up. */
export class Pager {
  readonly #secret: Buffer

  constructor(secret: Buffer) {
    this.#secret = secret
  }

  /** Where the page that `request` asks for begins: after this key. Refuses its size, and tokens that are not ours. */
  open(operation: string, { MaxResults, NextToken }: PageRequest): string | undefined {
    checkSize(MaxResults, leastPage(operation))
    return NextToken ? this.#open(operation, NextToken) : undefined
  }

  /** The page that `request` asks for, in the order of `keyOf`, which no two rows share. All rows as they are if it asks for none. */
  cut<Row>(operation: string, all: readonly Row[], keyOf: (row: Row) => string, request: PageRequest): Page<Row> {
    const after = this.open(operation, request)
    if (request.MaxResults === undefined && after === undefined) return { rows: all }
    const rows = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    const from = after === undefined ? 0 : rows.findIndex((row) => keyOf(row) > after)
    const rest = from < 0 ? [] : rows.slice(from)
    const page = request.MaxResults === undefined ? rest : rest.slice(0, request.MaxResults)
    const last = page.at(-1)
    return page.length === rest.length || last === undefined
      ? { rows: page }
      : { rows: page, NextToken: this.#seal(operation, keyOf(last)) }
  }

  #seal(operation: string, key: string): string {
    const body = Buffer.from(key, 'utf8')
    return Buffer.concat([this.#mac(operation, body), body]).toString('base64url')
  }

  #open(operation: string, token: string): string {
    const bytes = Buffer.from(token, 'base64url')
    const body = bytes.subarray(16)
    if (bytes.length < 16 || !timingSafeEqual(bytes.subarray(0, 16), this.#mac(operation, body)))
      refuse('InvalidNextToken')
    return body.toString('utf8')
  }

  #mac(operation: string, body: Buffer): Buffer {
    return createHmac('sha256', this.#secret).update(`${operation}\n`).update(body).digest().subarray(0, 16)
  }
}

/** Source: aws/aws-sdk-ruby#2575 for the message, which says "greater than" and means "at least". */
function checkSize(size: number | undefined, least: number): void {
  if (size === undefined || (Number.isInteger(size) && size >= least)) return
  refuse('InvalidParameterValue', {
    message: `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value greater than ${least}.`,
  })
}
