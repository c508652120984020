/**
 * The control plane's end of the streams that agents open: each carries one or more hosts. Specs go down when a host's
 * generation has grown, facts come up into the database, questions are answered while somebody waits.
 */
import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import type { Compared } from '../../base/difference.ts'
import { Fault, messageOf, Retry } from '../../base/fault.ts'
import { type JsonLines, jsonLines } from '../../base/json-lines.ts'
import type { Log } from '../../base/log.ts'
import { changeOf } from '../../host-api/change.ts'
import type { VifDrops } from '../../host-api/drops.ts'
import type { HostFacts, HostProgress } from '../../host-api/facts.ts'
import { launchedBy } from '../../host-api/launches.ts'
import { type FromAgent, protocolVersion, type ToAgent } from '../../host-api/messages.ts'
import type { DomainSpec, HostSpec } from '../../host-api/spec.ts'
import type { DomainId, HostId } from '../../model/ids.ts'
import type { Store } from '../../store/store.ts'
import type { SpecSource } from './host-spec.ts'
import { greetHosts, type Heard, type Intake, loseHosts, mournHosts, takeNews } from './intake.ts'
import { hostChannel, type Launch, launchChannel, wishAround } from './wishes.ts'

export interface HostLinksParts {
  readonly store: Store
  readonly specs: SpecSource
  readonly intake: Intake
  readonly clock: Clock
  readonly log: Log
}

interface Link {
  readonly lines: JsonLines<ToAgent>
  readonly hosts: readonly HostId[]
}

interface Told {
  readonly link: Link
  readonly said: HostFacts | HostProgress
}

interface Question {
  readonly link: Link
  resolve(value: string): void
  reject(error: Error): void
}

/** Hosts whose specs are made without a pause, and whose facts are written in one transaction. */
const hostsAtOnce = 32
/** While changes keep coming, telling hosts of them takes a fifth of the time: later ones are told with earlier ones. */
const restFactor = 4
/** What comes so soon after a rest keeps coming. */
const soonMs = 20
const pauseAfterStoreFailureMs = 1_000
/** Time for an agent to answer a question. */
const answerMs = 10_000
/** To park a machine: an agent waits ten minutes for the guest, and what it has begun before goes first. */
const parkingMs = 15 * 60_000

export class HostLinks {
  readonly #parts: HostLinksParts
  readonly #links = new Map<HostId, Link>()
  readonly #questions = new Map<number, Question>()
  readonly #dirty = new Set<HostId>()
  /** Those who are to hear of launches elsewhere: after those whose own it is. */
  readonly #around = new Set<HostId>()
  #launches: Launch[] = []
  /** How often something has changed. */
  #changes = 0
  #knownChanges = 0
  #restUntil = 0
  readonly #sockets = new Set<Socket>()
  readonly #resources = new DisposableStack()
  /** What each host was sent last, on the link that it has. */
  readonly #sent = new Map<HostId, HostSpec>()
  /** What each host said last, on the link that it has. */
  readonly #heard = new Map<HostId, Heard>()
  #server: Server | undefined
  #nextQuestion = 1
  readonly #closing = new AbortController()
  #publishing: Promise<void> | undefined
  #inbox: Promise<void> = Promise.resolve()
  /** Facts that wait for their turn among the news, the newest of each host: nothing else has come since the first of them. */
  #waiting: Map<HostId, Told> | undefined

  constructor(parts: HostLinksParts) {
    this.#parts = parts
    this.#resources.use(parts.store.listen(hostChannel, (host) => this.#publish([host])))
    this.#resources.use(
      parts.store.listen(launchChannel, (launch) => {
        this.#launches.push(JSON.parse(launch) as Launch)
        this.#publish([])
      }),
    )
  }

  /** Listens on a Unix socket that only this user can open. */
  async listen(path: string): Promise<void> {
    await rm(path, { force: true })
    const server = createServer((socket) => this.#greet(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
    await chmod(path, 0o600)
    this.#server = server
  }

  /** What the domain last wrote to its console. Throws `Retry` while its host is away. */
  async console(host: HostId, domain: DomainId, abort: AbortSignal): Promise<Buffer> {
    const text = await this.#ask(host, (id) => ({ type: 'console', id, host, domain }), abort)
    return Buffer.from(text, 'base64')
  }

  /** What the host's guests sent in vain. Throws `Retry` while it is away. */
  async drops(host: HostId, abort: AbortSignal): Promise<readonly VifDrops[]> {
    return JSON.parse(await this.#ask(host, (id) => ({ type: 'drops', id, host }), abort)) as VifDrops[]
  }

  /** Has a machine parked that domains like this one wake from. Throws a `Fault` with the agent's reason, `Retry` while it is away. */
  async warm(host: HostId, like: DomainSpec, abort: AbortSignal): Promise<'made' | 'there'> {
    return (await this.#ask(host, (id) => ({ type: 'warm', id, host, like }), abort, parkingMs)) as 'made' | 'there'
  }

  /** Connected hosts, those of an agent together. */
  agents(): HostId[][] {
    return [...Map.groupBy(this.#links, ([, link]) => link).values()].map((some) => some.map(([host]) => host))
  }

  connected(host: HostId): boolean {
    return this.#links.has(host)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#resources.dispose()
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    if (server) await new Promise((resolve) => server.close(resolve))
    await this.#publishing
    await this.#inbox
  }

  /** Sends the hosts what they shall be now; many calls at once make one spec. */
  #publish(hosts: Iterable<HostId>): void {
    for (const host of hosts) this.#dirty.add(host)
    this.#changes += 1
    this.#publishing ??= this.#publishAll()
  }

  async #publishAll(): Promise<void> {
    await Promise.resolve() // One commit tells of its hosts one by one.
    while (await this.#rested()) {
      const [hosts, begun] = [this.#nextHosts(), this.#now()]
      const isBusy = this.#changes !== this.#knownChanges && begun < this.#restUntil + soonMs
      this.#knownChanges = this.#changes
      for (const host of hosts) this.#dirty.delete(host)
      for (const host of hosts) this.#around.delete(host)
      await this.#publishSome(hosts.filter((host) => this.#links.has(host)))
      if (!this.#around.values().some((it) => this.#isReady(it))) await this.#lookAround()
      this.#restUntil = Math.max(this.#restUntil, this.#now() + (isBusy ? restFactor * (this.#now() - begun) : 0))
      if (this.#nextHosts().length + this.#launches.length === 0) break
      await nextTurn() // Callers of the API are not to wait for thousands of hosts.
    }
    this.#publishing = undefined
  }

  /** Whether it has rested, rather than being closed. */
  async #rested(): Promise<boolean> {
    const { signal } = this.#closing
    const ms = this.#restUntil - this.#now()
    if (ms > 0) await this.#parts.clock.sleep(ms, signal).catch(() => {}) // It closes.
    return !signal.aborted
  }

  /** Finds who is to hear of what was launched since it last looked. */
  async #lookAround(): Promise<void> {
    const launches = this.#launches
    this.#launches = []
    if (launches.length === 0) return
    try {
      for (const it of await this.#parts.store.transact((tx) => wishAround(tx, launches))) this.#around.add(it)
    } catch (error) {
      this.#parts.log.error({ err: error }, 'hosts could not be told of launches elsewhere; it is tried again')
      this.#launches.push(...launches)
      this.#restUntil = this.#now() + pauseAfterStoreFailureMs
    }
  }

  /** Those whose own affair it is, and some of the others. Those that are behind are told later, of all that has changed by then. */
  #nextHosts(): HostId[] {
    const first = (hosts: Set<HostId>) =>
      hosts
        .values()
        .filter((it) => this.#isReady(it))
        .take(hostsAtOnce)
    return [...new Set([...first(this.#dirty), ...first(this.#around)])]
  }

  #isReady(host: HostId): boolean {
    return !this.#links.get(host)?.lines.isBehind
  }

  #now(): number {
    return this.#parts.clock.now().getTime()
  }

  async #publishSome(hosts: readonly HostId[]): Promise<void> {
    if (hosts.length === 0) return
    const since = this.#now()
    try {
      const specs = await this.#parts.store.read((reader) => this.#parts.specs(reader, hosts))
      const compared: Compared = new Map()
      for (const it of specs) this.#send(it, { since, compared })
    } catch (error) {
      this.#parts.log.error({ err: error, hosts }, 'the specs of hosts could not be made')
      for (const host of hosts) this.#links.get(host)?.lines.close() // Greeted again, they are sent again.
    }
  }

  /**
   * A host is told how its spec, whose making began at `since`, differs from the one that it was sent before; all of it, where it was
   * sent none.
   */
  #send(spec: HostSpec, { since, compared }: { readonly since: number; readonly compared: Compared }): void {
    const link = this.#links.get(spec.host)
    if (!link) return
    const before = this.#sent.get(spec.host)
    this.#sent.set(spec.host, spec)
    link.lines.send(before ? { type: 'change', change: changeOf(before, spec, compared) } : { type: 'spec', spec })
    const stage = { stage: 'send-spec', traces: () => launchedBy(spec, before), since }
    this.#parts.log.debug({ ...stage, host: spec.host, generation: spec.generation }, 'a host is told its spec')
  }

  #ask(host: HostId, question: (id: number) => ToAgent, abort: AbortSignal, patienceMs = answerMs): Promise<string> {
    const link = this.#links.get(host)
    if (!link) return Promise.reject(new Retry(`host ${host} is not connected`))
    if (abort.aborted)
      return Promise.reject(new Retry(`nobody waits for host ${host}`, undefined, { cause: abort.reason }))
    const id = this.#nextQuestion++
    const limit = AbortSignal.any([abort, AbortSignal.timeout(patienceMs)])
    return new Promise<string>((resolve, reject) => {
      limit.addEventListener('abort', () => reject(new Retry(`host ${host} did not answer`)), { once: true })
      this.#questions.set(id, { link, resolve, reject })
      link.lines.send(question(id))
    }).finally(() => this.#questions.delete(id))
  }

  #greet(socket: Socket): void {
    this.#sockets.add(socket)
    let link: Link | undefined
    const lines = jsonLines<FromAgent, ToAgent>(socket, {
      receive: (message) => {
        if (message.type === 'hello') link = this.#open(message, lines)
        else if (message.type === 'answer') this.#answer(message)
        else if (link) this.#take(link, message.type === 'facts' ? message.facts : message.progress)
        else throw new Fault('an agent told facts before it said which hosts it has')
      },
      caughtUp: () => this.#publish([]),
      closed: (error) => {
        this.#sockets.delete(socket)
        if (error) this.#parts.log.warn({ err: error }, 'the stream of an agent broke')
        if (link) this.#lose(link)
      },
    })
  }

  #open(hello: Extract<FromAgent, { type: 'hello' }>, lines: JsonLines<ToAgent>): Link {
    if (hello.version !== protocolVersion)
      throw new Fault(`an agent speaks version ${hello.version}, not ${protocolVersion}`)
    const link = { lines, hosts: hello.hosts.map((it) => it.host) }
    this.#enqueue(link, async () => {
      await mournHosts(this.#parts.store, this.#parts.intake, hello.lost ?? [])
      for (const host of hello.lost ?? []) this.#forget(host)
      const known = await greetHosts(this.#parts.store, hello.hosts)
      for (const host of known) this.#links.set(host, link)
      for (const host of known) this.#forget(host)
      this.#publish(known)
    })
    return link
  }

  /** A launch concerns each host of its VPC, and all say so at once: what has come by then is written with one commit. */
  #take(link: Link, said: HostFacts | HostProgress): void {
    if (this.#waiting) {
      const before = this.#waiting.get(said.host)?.said
      this.#waiting.set(said.host, { link, said: 'domains' in said ? said : { ...before, ...said } })
      return
    }
    const waiting = new Map<HostId, Told>([[said.host, { link, said }]])
    this.#enqueue(link, async () => {
      if (this.#waiting === waiting) this.#waiting = undefined
      const told = [...waiting.values()]
      for (let first = 0; first < told.length; first += hostsAtOnce)
        await this.#takeSome(told.slice(first, first + hostsAtOnce))
    })
    this.#waiting = waiting
  }

  /** Where one cannot be taken the others are, each by itself. */
  async #takeSome(told: readonly Told[]): Promise<void> {
    const [first, ...others] = told
    if (!first) return
    if (others.length === 0) return this.#orHangUp(first.link, () => this.#takeNow(told))
    try {
      await this.#takeNow(told)
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'news of several hosts are taken one by one')
      for (const it of told) await this.#takeSome([it])
    }
  }

  /** A host itself has said newer things than what is left of an older connection of its. */
  async #takeNow(told: readonly Told[]): Promise<void> {
    const { store, intake } = this.#parts
    const current = told.filter((it) => this.#links.get(it.said.host) === it.link)
    const news = current.map(({ said }) => ({ said, last: this.#heard.get(said.host) }))
    const heard = await takeNews(store, intake, news)
    for (const [index, { said }] of news.entries()) this.#heard.set(said.host, heard[index]!)
  }

  #answer(answer: Extract<FromAgent, { type: 'answer' }>): void {
    const question = this.#questions.get(answer.to)
    if (answer.ok) question?.resolve(answer.value)
    else question?.reject(new Fault(answer.message))
  }

  /** In its turn among the news: a link that is still being greeted is lost after that, and one with a successor not at all. */
  #lose(link: Link): void {
    this.#giveUpQuestions(link)
    this.#enqueue(link, async () => {
      const lost = link.hosts.filter((host) => this.#links.get(host) === link)
      for (const host of lost) this.#links.delete(host)
      for (const host of lost) this.#forget(host)
      this.#giveUpQuestions(link)
      await loseHosts(this.#parts.store, lost)
    })
  }

  #forget(host: HostId): void {
    this.#sent.delete(host)
    this.#heard.delete(host)
  }

  #giveUpQuestions(link: Link): void {
    for (const question of this.#questions.values())
      if (question.link === link) question.reject(new Retry('the agent is gone'))
  }

  /** News is taken in the order in which it came. */
  #enqueue(from: Link, work: () => Promise<void>): void {
    this.#waiting = undefined
    if (this.#closing.signal.aborted) return // The store goes too; the next control plane asks anew.
    this.#inbox = this.#inbox.then(() => this.#orHangUp(from, work))
  }

  /** Where news cannot be taken, the agent is hung up on: it dials and tells all of it again. */
  async #orHangUp(from: Link, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#parts.log.error({ err: error }, `news of a host could not be taken: ${messageOf(error)}`)
      from.lines.close()
    }
  }
}
