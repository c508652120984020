/**
 * The floor of an object store on Node: takes the requests that AWS CLI sends for a file, throws away what is uploaded, and sends
 * zeros when asked for it. Nothing is hashed, verified or kept. Started with an IPC channel and a number of bytes; tells its port.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const size = Number(process.argv[2])
const piece = Buffer.alloc(256 * 1024)

const server = createServer((message, response) => {
  if (message.method === 'GET' || message.method === 'HEAD') return give(message, response)
  message.resume()
  message.once('end', () => {
    const { searchParams } = new URL(message.url ?? '/', 'http://localhost')
    response.setHeader('etag', '"etag"')
    if (message.method === 'PUT') return response.end()
    const kind = searchParams.has('uploads') ? 'InitiateMultipartUploadResult' : 'CompleteMultipartUploadResult'
    return response.end(`<${kind}><UploadId>upload</UploadId><ETag>"etag"</ETag></${kind}>`)
  })
})

function give(message: IncomingMessage, response: ServerResponse): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(message.headers.range ?? '') ?? []
  const from = Number(first ?? 0)
  const to = last ? Number(last) + 1 : size
  const headers = { 'content-length': String(to - from), etag: '"etag"', 'last-modified': new Date().toUTCString() }
  if (first === undefined) response.writeHead(200, headers)
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${to - 1}/${size}` })
  if (message.method === 'HEAD') response.end()
  else send(response, to - from)
}

function send(response: ServerResponse, bytes: number): void {
  let left = bytes
  const more = () => {
    while (left > 0) {
      const next = piece.subarray(0, left)
      left -= next.length
      if (!response.write(next)) return response.once('drain', more)
    }
    return response.end()
  }
  more()
}

server.listen({ host: '127.0.0.1', port: 0 }, () => process.send?.({ port: (server.address() as AddressInfo).port }))
