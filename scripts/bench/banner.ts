/**
 * When SSH servers first say who they are: run in the network namespace from which they are seen. Says `ready`, and then reads a
 * line: `MS EVERY ADDRESS…`. Prints for each address a line: address, milliseconds since the epoch. Gives up, with status 1, after
 * MS milliseconds; asks every EVERY: a packet that came too early is lost, and TCP would send it again only after a second.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

const patienceMs = 1000

process.stdout.write('ready\n')
const [line] = await once(createInterface(process.stdin), 'line')
const [limit = '', every = '', ...addresses] = String(line).split(' ')
const end = performance.now() + Number(limit)
await Promise.all(addresses.map(watch))
process.exit(0)

async function watch(address: string): Promise<void> {
  let seen: number | undefined
  while (seen === undefined) {
    if (performance.now() > end) {
      process.stderr.write(`${address} said nothing\n`)
      process.exit(1)
    }
    ask(address, (at) => {
      seen ??= at
    })
    await pause(Number(every))
  }
  process.stdout.write(`${address} ${seen}\n`)
}

function ask(address: string, tell: (at: number) => void): void {
  const socket = connect({ host: address, port: 22 })
  socket.setTimeout(patienceMs, () => socket.destroy())
  socket.once('error', () => {}) // It is not there yet.
  socket.once('data', (text: Buffer) => {
    if (text.toString('latin1').startsWith('SSH-')) tell(performance.timeOrigin + performance.now())
    socket.destroy()
  })
}
