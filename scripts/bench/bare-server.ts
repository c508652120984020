/**
 * The floor of an API on Node: reads a request whole and answers the same bytes each time, whatever was asked. Started with
 * an IPC channel: tells its port, and answers the body that each message is.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let body = Buffer.alloc(0)
process.on('message', (text: string) => {
  body = Buffer.from(text)
  process.send?.({ set: body.length })
})

const server = createServer((message, response) => {
  message.resume()
  message.once('end', () => {
    response.writeHead(200, { 'content-type': 'text/xml;charset=UTF-8', 'content-length': String(body.length) })
    response.end(body)
  })
})
server.listen({ host: '127.0.0.1', port: 0 }, () => process.send?.({ port: (server.address() as AddressInfo).port }))
