/**
 * The floor of an API on Node: reads a request whole and answers the same bytes each time, whatever was asked; durably means
 * that one row reaches the disk before. Started with an IPC channel and a directory: tells its port, and does what the last
 * message, a `Behaviour`, says.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface Behaviour {
  readonly body: string
  readonly durable: boolean
}

const database = new DatabaseSync(join(process.argv[2] ?? '', 'floor.db'))
database.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, value TEXT)',
)
const insert = database.prepare('INSERT INTO rows (value) VALUES (?)')

let body = Buffer.alloc(0)
let durable = false
process.on('message', (behaviour: Behaviour) => {
  body = Buffer.from(behaviour.body)
  durable = behaviour.durable
  process.send?.({ set: body.length })
})

const server = createServer((message, response) => {
  message.resume()
  message.once('end', () => {
    if (durable) insert.run('a row')
    response.writeHead(200, { 'content-type': 'text/xml;charset=UTF-8', 'content-length': String(body.length) })
    response.end(body)
  })
})
server.listen({ host: '127.0.0.1', port: 0 }, () => process.send?.({ port: (server.address() as AddressInfo).port }))
