/**
 * Runs inside a namespace: listens on the address and port in its arguments, hands the socket to its parent and ends. Of no
 * use without a channel to a parent.
 */
import { createServer } from 'node:net'

const [address, port] = process.argv.slice(2)
const server = createServer({ pauseOnConnect: true })

// A parent that was killed takes nothing any more, and this would hold the port for good. Its patience is no longer either.
setTimeout(() => process.exit(1), 10_000).unref()

// Between listening and handing over, connections may still arrive here: they are handed over too.
server.on('connection', (socket) => process.send?.('connection', socket))
server.once('error', (cause) => {
  console.error(cause.message)
  process.exitCode = 1
  process.disconnect?.()
})
process.once('message', () => server.close(() => process.disconnect?.()))
server.listen({ host: address, port: Number(port) }, () => process.send?.('listening', server))
