import { refuse } from './errors.ts'

/** Bytes from `from` up to `to`, without it. */
export interface Range {
  readonly from: number
  readonly to: number
}

/**
 * The bytes that a Range header asks for; `undefined` where it is none that S3 knows, which then gives all. Refuses what lies
 * behind the end. Source: RFC 9110, 14; Amazon S3 API Reference, GetObject: one range in a request.
 */
export function rangeOf(header: string | undefined, bytes: number): Range | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const from = Math.max(bytes - Number(last), 0)
    return Number(last) === 0 || bytes === 0 ? refuse('InvalidRange') : { from, to: bytes }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return undefined
  if (from >= bytes) refuse('InvalidRange', undefined, { ActualObjectSize: String(bytes) })
  return { from, to: last === '' ? bytes : Math.min(Number(last) + 1, bytes) }
}

/** The bytes of the source that a copied part has: here both ends must be given, and be there. */
export function copyRangeOf(header: string | undefined, bytes: number): Range {
  if (header === undefined) return { from: 0, to: bytes }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? []
  const range = { from: Number(first), to: Number(last) + 1 }
  if (first === undefined || range.from >= range.to || range.to > bytes)
    refuse(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last, within the source.',
    )
  return range
}
