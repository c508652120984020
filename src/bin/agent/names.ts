/** The agent's part in the outside's names: whom it asks, and where it is asked. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, isIPv6 } from 'node:net'
import { systemClock } from '../../base/clock.ts'
import { messageOf, systemCode } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { type AskOthers, askResolvers } from '../../host/dns/resolvers.ts'
import type { DnsService, DnsSockets } from '../../host/dns/service.ts'
import { resolverOf, resolversIn } from '../dns-settings.ts'
import type { Settings } from '../settings.ts'

const tryAgainMs = 15_000

/** Asks whom the settings say. */
export async function openResolvers({ dns: { resolvers } }: Settings): Promise<AskOthers> {
  const texts = resolvers === 'machine' ? await machineResolvers() : resolvers === 'off' ? [] : resolvers
  return askResolvers(
    texts.map((it) => (isIPv6(it) ? { address: it, port: 53 } : resolverOf(it))),
    systemRandom,
  )
}

/** Tells the outside its names at the settings' port, for as long as the agent lives; waits where another has the port. */
export async function serveOutside(
  dns: DnsService,
  { dns: { port }, listen: { host } }: Settings,
  log: Log,
  abort: AbortSignal,
): Promise<void> {
  if (port === 'off') return
  for (let told = false; !abort.aborted; told = true) {
    try {
      const sockets = await openBoth(host, port)
      dns.serveOutside(sockets)
      abort.addEventListener('abort', () => closeBoth(sockets), { once: true })
      return
    } catch (error) {
      if (!told) log.warn({ host, port, reason: messageOf(error) }, 'names cannot be told outside; trying again')
      await systemClock.sleep(tryAgainMs, abort).catch(() => {}) // Aborted: the loop ends.
    }
  }
}

async function machineResolvers(): Promise<string[]> {
  try {
    return resolversIn(await readFile('/etc/resolv.conf', 'utf8'))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

async function openBoth(host: string, port: number): Promise<DnsSockets> {
  const server = createServer()
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  try {
    await Promise.all([
      once(server.listen({ host, port }), 'listening'),
      once(socket.bind({ address: host, port }), 'listening'),
    ])
    return { tcp: [server], udp: [socket] }
  } catch (error) {
    closeBoth({ tcp: [server], udp: [socket] })
    throw error
  }
}

function closeBoth({ tcp, udp }: DnsSockets): void {
  for (const it of tcp) it.close()
  for (const it of udp) it.close()
}
