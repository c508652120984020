/** Forms as browsers send them (`multipart/form-data`), the file last and as a stream. Source: RFC 7578; Amazon S3 API Reference, "POST Object". */
import { refuse } from './errors.ts'

export interface Form {
  /** By their names in lower case. */
  readonly fields: ReadonlyMap<string, string>
  readonly fileName: string
  /** The file's bytes. What follows the file in the form is ignored, as S3 does. */
  readonly file: AsyncGenerator<Buffer>
}

/** Fields together. Source: Amazon S3 API Reference, "POST Object": 20 KB before the file; some room for its own header. */
const mostBeforeFile = 24 * 1024

export async function readForm(source: AsyncIterable<Buffer>, contentType: string): Promise<Form> {
  const [, quoted, plain] = /boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType) ?? []
  const boundary = quoted ?? plain ?? refuse('MalformedPOSTRequest')
  const chunks = source[Symbol.asyncIterator]()
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  let kept: Buffer = Buffer.from('\r\n') // The first boundary has no line before it.
  const more = async () => {
    if (kept.length > mostBeforeFile)
      refuse('MaxMessageLengthExceeded', 'Your POST request fields preceding the upload file were too large.')
    const { value, done } = await chunks.next()
    if (done) refuse('MalformedPOSTRequest')
    kept = Buffer.concat([kept, value])
  }
  const fields = new Map<string, string>()
  for (;;) {
    while (kept.indexOf('\r\n\r\n', delimiter.length) < 0) {
      if (kept.subarray(0, delimiter.length + 2).equals(Buffer.concat([delimiter, Buffer.from('--')])))
        refuse('InvalidArgument', 'POST requires exactly one file upload per request.')
      await more()
    }
    if (!kept.subarray(0, delimiter.length).equals(delimiter)) refuse('MalformedPOSTRequest')
    const headEnd = kept.indexOf('\r\n\r\n', delimiter.length)
    const { name, fileName } = partOf(kept.subarray(delimiter.length, headEnd).toString('utf8'))
    kept = kept.subarray(headEnd + 4)
    if (name === 'file') return { fields, fileName, file: fileBytes(kept, chunks, delimiter) }
    while (kept.indexOf(delimiter) < 0) await more()
    const end = kept.indexOf(delimiter)
    fields.set(name, kept.subarray(0, end).toString('utf8'))
    kept = kept.subarray(end)
    if (fields.size > 100) refuse('MalformedPOSTRequest')
  }
}

function partOf(head: string): { name: string; fileName: string } {
  const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(head)?.[1] ?? refuse('MalformedPOSTRequest')
  const name = /(?:^|[;\s])name="([^"]*)"/i.exec(disposition)?.[1] ?? refuse('MalformedPOSTRequest')
  const fileName = /filename="([^"]*)"/i.exec(disposition)?.[1] ?? ''
  return { name: name.toLowerCase(), fileName: fileName.split(/[/\\]/).at(-1) ?? '' }
}

async function* fileBytes(first: Buffer, chunks: AsyncIterator<Buffer>, delimiter: Buffer): AsyncGenerator<Buffer> {
  let kept = first
  for (;;) {
    const end = kept.indexOf(delimiter)
    if (end >= 0) {
      yield kept.subarray(0, end)
      break
    }
    const safe = Math.max(kept.length - delimiter.length, 0) // The delimiter may have begun.
    if (safe > 0) yield kept.subarray(0, safe)
    const { value, done } = await chunks.next()
    if (done) refuse('MalformedPOSTRequest')
    kept = Buffer.concat([kept.subarray(safe), value])
  }
  for (let rest = await chunks.next(); !rest.done; rest = await chunks.next());
}
