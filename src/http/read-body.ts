import type { Readable } from 'node:stream'
import { ApiError } from '../model/errors.ts'

/** The body ended before its end: the client went away, or the server hung up. There is nobody to answer. */
export class BodyCutShort extends Error {
  constructor(options: ErrorOptions) {
    super('the request was cut short', options)
    this.name = 'BodyCutShort'
  }
}

/**
 * Reads a body of at most `limit` bytes. A longer one is refused (RequestEntityTooLarge), but read on for some time and
 * thrown away, because a client that still sends does not listen. Throws `BodyCutShort` where it does not come to its end.
 */
export function readBody(body: Readable, limit: number, abort: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const kept: Buffer[] = []
    let length = 0
    const take = (chunk: Buffer) => {
      length += chunk.length
      if (length <= limit) kept.push(chunk)
      if (length > limit * 8) end()
    }
    const end = () => {
      leave()
      if (length > limit) reject(new ApiError('RequestEntityTooLarge', { limit }))
      else resolve(kept.length === 1 ? kept[0]! : Buffer.concat(kept)) // there is one
    }
    const cut = (cause?: unknown) => {
      leave()
      reject(new BodyCutShort({ cause }))
    }
    const stop = () => body.destroy(abort.reason)
    // What has been left is not destroyed: that would close the connection before it is answered.
    const leave = () => {
      body.off('data', take).off('end', end).off('error', cut).off('close', cut).pause()
      abort.removeEventListener('abort', stop)
    }
    if (abort.aborted) stop()
    if (body.destroyed) return cut(abort.reason)
    abort.addEventListener('abort', stop)
    body.on('data', take).on('end', end).on('error', cut).on('close', cut)
  })
}
