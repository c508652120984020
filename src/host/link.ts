/** The agent's end of the stream to the control plane: it dials, and dials again for as long as it lives. */
import { connect, type Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/fault.ts'
import { type JsonLines, jsonLines } from '../base/json-lines.ts'
import type { Log } from '../base/log.ts'
import type { HostCapacity } from '../host-api/facts.ts'
import { type FromAgent, protocolVersion, type ToAgent } from '../host-api/messages.ts'
import type { HostId } from '../model/ids.ts'
import type { HostAgent } from './agent.ts'

export interface LinkOptions {
  /** Path of the control plane's Unix socket. */
  readonly socket: string
  readonly agents: readonly HostAgent[]
  readonly capacities: ReadonlyMap<HostId, HostCapacity>
  /** Hosts that are gone. */
  readonly lost?: readonly HostId[]
  readonly clock: Clock
  readonly log: Log
}

const firstRedialMs = 50
const longestRedialMs = 1_000

/** Keeps the stream open until aborted. Guests do not notice when it breaks. */
export async function keepLink(options: LinkOptions, abort: AbortSignal): Promise<void> {
  for (let delay = firstRedialMs; !abort.aborted; delay = Math.min(longestRedialMs, delay * 2)) {
    const begun = options.clock.now().getTime()
    await serveOnce(options, abort)
    if (options.clock.now().getTime() - begun > longestRedialMs) delay = firstRedialMs // It was served, not turned away.
    if (!abort.aborted) await options.clock.sleep(delay, abort).catch(() => {}) // Aborted: the loop ends.
  }
}

/** One connection from dialling to its end. */
function serveOnce(options: LinkOptions, abort: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect(options.socket)
    let opened = false
    const hangUp = () => socket.destroy()
    abort.addEventListener('abort', hangUp, { once: true })
    const lines: JsonLines<FromAgent> = jsonLines<ToAgent, FromAgent>(socket, {
      receive: (message) => take(options, message, lines),
      closed: (error) => {
        abort.removeEventListener('abort', hangUp)
        for (const agent of options.agents) agent.onFacts(() => {})
        if (opened) options.log.info({ err: error }, 'the control plane is gone; guests go on')
        resolve()
      },
    })
    socket.once('connect', () => {
      opened = true
      const hosts = options.agents.map(({ host }) => ({ host, capacity: options.capacities.get(host)! })) // one for each agent
      lines.send({ type: 'hello', version: protocolVersion, hosts, lost: options.lost ?? [] })
      for (const agent of options.agents)
        agent.onFacts((said) =>
          lines.send('domains' in said ? { type: 'facts', facts: said } : { type: 'progress', progress: said }),
        )
    })
  })
}

function take({ agents, log }: LinkOptions, message: ToAgent, lines: JsonLines<FromAgent>): void {
  const host = hostOf(message)
  const agent = agents.find((it) => it.host === host)
  if (!agent) {
    log.warn({ host }, 'a message for a host that is not here')
    return
  }
  if (message.type === 'spec') {
    agent.accept(message.spec).catch((error: unknown) => log.error({ err: error, host }, 'a spec could not be kept'))
    return
  }
  if (message.type === 'change') {
    agent.acceptChange(message.change).catch((error: unknown) => {
      log.error({ err: error, host }, 'a change could not be taken; asking for all of it')
      lines.close() // Dialled again, it is told the whole.
    })
    return
  }
  answerOf(agent, message).then(
    (value) => lines.send({ type: 'answer', to: message.id, ok: true, value }),
    (error: unknown) => lines.send({ type: 'answer', to: message.id, ok: false, message: messageOf(error) }),
  )
}

type Question = Exclude<ToAgent, { type: 'spec' | 'change' }>

function hostOf(message: ToAgent): HostId {
  if (message.type === 'spec') return message.spec.host
  return message.type === 'change' ? message.change.host : message.host
}

async function answerOf(agent: HostAgent, question: Question): Promise<string> {
  if (question.type === 'drops') return JSON.stringify(await agent.drops())
  if (question.type === 'warm') return await agent.warm(question.like)
  return (await agent.console(question.domain)).toString('base64')
}
