/**
 * Runs inside a namespace: binds a TCP server and a UDP socket at the port and each of the addresses in its arguments, hands
 * them to its parent, the servers first, and ends. Of no use without a channel to a parent. A datagram that arrives before it
 * ends may be lost, as datagrams are; a connection is handed over with the number of its server.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const [port, ...addresses] = process.argv.slice(2)
const servers = addresses.map(() => createServer({ pauseOnConnect: true }))
const sockets = addresses.map(() => createSocket('udp4'))

/**
 * A parent that was killed takes nothing any more, and what is bound here keeps the next one from binding. Its patience is no longer
 * than this either. That the channel has closed is not told while a handle is on its way.
 */
setTimeout(() => process.exit(1), 10_000).unref()

try {
  for (const [index, it] of servers.entries()) {
    it.on('connection', (socket) => process.send?.(String(index), socket))
    await once(it.listen({ host: addresses[index], port: Number(port) }), 'listening')
  }
  for (const [index, it] of sockets.entries())
    await once(it.bind({ address: addresses[index], port: Number(port) }), 'listening')
  process.once('message', () => {
    for (const it of [...servers, ...sockets]) it.close()
    process.disconnect?.()
  })
  for (const it of servers) process.send?.('tcp', it)
  for (const it of sockets) process.send?.('udp', it)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
  process.disconnect?.()
}
