/**
 * Asks who is at an address, over and over, and says who answered and when the question was sent: `MILLISECONDS NAME` a line.
 * Runs in the namespace of the internet: `node moves-prober.ts ADDRESS PORT`.
 */
import { connect } from 'node:net'

const [address = '', port = ''] = process.argv.slice(2)
/** Questions begin this often, whether or not those before have been answered; guests without KVM do not answer many more. */
const everyMs = 20
const patienceMs = 1_000

setInterval(ask, everyMs)

function ask(): void {
  const sent = performance.timeOrigin + performance.now()
  const socket = connect({ host: address, port: Number(port), timeout: patienceMs })
  socket.on('data', (text) => process.stdout.write(`${sent} ${text.toString().trim()}\n`))
  socket.on('timeout', () => socket.destroy())
  socket.on('error', () => socket.destroy()) // Nobody there, now: the next one may be.
}
