import type { Readable } from 'node:stream'
import { refuse } from '../model/errors.ts'

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
export async function readBody(body: Readable, limit: number, abort: AbortSignal): Promise<Buffer> {
  const kept: Buffer[] = []
  let length = 0
  for await (const chunk of chunks(body, abort)) {
    length += chunk.length
    if (length <= limit) kept.push(chunk)
    if (length > limit * 8) break
  }
  if (length > limit) refuse('RequestEntityTooLarge', { limit })
  return Buffer.concat(kept)
}

async function* chunks(body: Readable, abort: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => body.destroy(abort.reason)
  if (abort.aborted) stop()
  abort.addEventListener('abort', stop, { once: true })
  try {
    // Without destroying: that would close the connection before it is answered.
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } catch (cause) {
    throw new BodyCutShort({ cause })
  } finally {
    abort.removeEventListener('abort', stop)
  }
}
