import { expect, test } from 'vitest'
import { signingKey } from '../iam/sigv4.ts'
import { type ChunkedBody, unchunk } from './chunked.ts'
import { newCrc32c } from './crc.ts'
import { S3Error } from './errors.ts'

/** The examples' own: 66,560 times the letter a, signed with the key of all of AWS's examples. */
const scope = { date: '20130524', region: 'us-east-1', service: 's3' }
const key = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', scope)
const signedFrom = (seed: string) => ({ key, scope, timestamp: '20130524T000000Z', seed })
const text = 'a'.repeat(66_560)

const piece = (content: string, signature?: string) =>
  `${content.length.toString(16)}${signature === undefined ? '' : `;chunk-signature=${signature}`}\r\n${content}\r\n`

// Source: Amazon S3 API Reference, "Signature calculations: transferring payload in multiple chunks", "Example: PUT Object".
const plain: ChunkedBody = {
  hasTrailer: false,
  signing: signedFrom('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'),
}
const pieces = [
  piece(text.slice(0, 65_536), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'),
  piece(text.slice(65_536), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'),
  piece('', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'),
] as const

// Source: the same, "Signature calculations for trailing headers", "Example: PUT Object".
const withTrailer: ChunkedBody = {
  hasTrailer: true,
  signing: signedFrom('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'),
}
const trailer = 'x-amz-checksum-crc32c:sOO8/Q==\r\n'
const piecesBeforeTrailer =
  piece(text.slice(0, 65_536), 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2') +
  piece(text.slice(65_536), '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7') +
  `0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n`
const trailerSignature =
  'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'

async function* cut(body: string, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += length) yield Buffer.from(body.slice(at, at + length), 'latin1')
}

async function read(body: string, how: ChunkedBody, length = 10_000): Promise<{ text: string; trailers: object }> {
  const trailers = new Map<string, string>()
  const parts: Buffer[] = []
  for await (const it of unchunk(cut(body, length), how, trailers)) parts.push(it)
  return { text: Buffer.concat(parts).toString('latin1'), trailers: Object.fromEntries(trailers) }
}

async function refusalOf(body: string, how: ChunkedBody): Promise<string> {
  try {
    await read(body, how)
    return 'taken'
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

test.each([13, 10_000, 100_000])(
  'pieces that are signed one by one are taken, however they come: by %i',
  async (by) => {
    expect((await read(pieces.join(''), plain, by)).text === text).toBe(true)
  },
)

test('a trailer that is signed is taken, and says what the content is', async () => {
  const { text: found, trailers } = await read(piecesBeforeTrailer + trailer + trailerSignature, withTrailer)
  expect(found === text).toBe(true)
  const sum = newCrc32c()
  sum.update(Buffer.from(text))
  expect(trailers).toEqual({ 'x-amz-checksum-crc32c': sum.digest().toString('base64') })
})

test.each([
  ['a letter is changed', pieces.join('').replace('aaa', 'aba'), plain],
  ['pieces change places', pieces[1] + pieces[0] + pieces[2], plain],
  ['a piece is left out', pieces[0] + pieces[2], plain],
  ['a piece has no signature', piece(text.slice(0, 65_536)) + pieces[1] + pieces[2], plain],
  ['the last has another', pieces[0] + pieces[1] + piece('', '0'.repeat(64)), plain],
  ['it was signed by another', pieces.join(''), { ...plain, signing: { ...plain.signing!, key: Buffer.alloc(32) } }],
  [
    'the trailer is changed',
    `${piecesBeforeTrailer}x-amz-checksum-crc32c:AAAAAA==\r\n${trailerSignature}`,
    withTrailer,
  ],
  ['the trailer has none', `${piecesBeforeTrailer}${trailer}\r\n`, withTrailer],
] as const)('it is refused when %s', async (_, body, how) => {
  expect(await refusalOf(body, how)).toBe('SignatureDoesNotMatch')
})

test.each([
  ['it ends between pieces', pieces[0] + pieces[1]],
  ['it ends within one', pieces[0].slice(0, 30_000)],
  ['a size is none', 'xyz\r\n'],
  ['a size is longer than any', 'fffffffff\r\n'],
  ['a line has no end', '1'.repeat(100_000)],
])('it is incomplete when %s', async (_, body) => {
  expect(await refusalOf(body, plain)).toBe('IncompleteBody')
})
