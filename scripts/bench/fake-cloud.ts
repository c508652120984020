/** A cloud in which nothing boots, on a directory of its own: the control plane in a child, its hosts here. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { flags } from '../../bin/bootstrap/launch.cjs'
import { Fault } from '../../src/base/fault.ts'
import { type Status, statusPath } from '../../src/bin/control/status.ts'
import { Child } from './child.ts'
import type { Serving } from './control-plane.ts'
import { InstantHosts } from './instant-hosts.ts'
import { call, type Params, signedRequest } from './requests.ts'

const patienceMs = 600_000
/** Looking costs the control plane something too: a tenth of a second for each so many hosts. */
const lookEveryMs = 100
const hostsALook = 200

export interface FakeCloudOptions {
  /** Where a CPU profile is to be put when it ends. */
  readonly profileTo?: string | undefined
  readonly data?: string
  readonly hostsPerZone?: number
}

export class FakeCloud implements AsyncDisposable {
  readonly serving: Serving
  /** From exec to the first signed answer. No host had said hello then. */
  readonly readyMs: number
  readonly hosts: InstantHosts
  /** When they said hello. */
  readonly greetedAt: number
  readonly #child: Child<string, Serving>
  readonly #opened: AsyncDisposableStack

  /** In a directory of its own, or in `data`, which then stays. */
  static async open({ profileTo, data: kept, hostsPerZone = 1 }: FakeCloudOptions = {}): Promise<FakeCloud> {
    await using opened = new AsyncDisposableStack()
    const data = kept ?? (await mkdtemp(join(tmpdir(), 'cumulet-bench-')))
    if (kept === undefined) opened.defer(() => rm(data, { recursive: true, force: true }))
    const given = [data, String(hostsPerZone)]
    const begun = performance.now()
    const child = opened.use(new Child<string, Serving>('control-plane.ts', { arguments: given, flags, profileTo }))
    const serving = await child.hear()
    await call(serving, { Action: 'DescribeInstances', MaxResults: '5' })
    const readyMs = performance.now() - begun
    const greetedAt = performance.now()
    const hosts = opened.use(await InstantHosts.dial(serving.agentsSocket, serving.hosts))
    const cloud = new FakeCloud({ child, serving, readyMs, hosts, greetedAt, opened: opened.move() })
    await cloud.#until(({ hosts }) => hosts.every((it) => it.connected))
    return cloud
  }

  private constructor(parts: {
    child: Child<string, Serving>
    serving: Serving
    readyMs: number
    hosts: InstantHosts
    greetedAt: number
    opened: AsyncDisposableStack
  }) {
    this.#child = parts.child
    this.serving = parts.serving
    this.readyMs = parts.readyMs
    this.hosts = parts.hosts
    this.greetedAt = parts.greetedAt
    this.#opened = parts.opened
  }

  get pid(): number {
    return this.#child.pid
  }

  request(params: Params): string {
    return signedRequest(this.serving, params)
  }

  /** What RunInstances is asked for: one token each, as official clients send. */
  launchParams(count: number, token: string): Params {
    const counts = { MinCount: String(count), MaxCount: String(count) }
    return { Action: 'RunInstances', ImageId: this.serving.image, ...counts, ClientToken: token }
  }

  /** Resolves once all hosts have done what they were told. */
  async settled(): Promise<void> {
    await this.#until(({ hosts }) => this.hosts.told === hosts.length && hosts.every((it) => it.settled))
  }

  /** Resolves once no instance is on its way. Answers how many run. */
  async allRunning(): Promise<number> {
    const { instances } = await this.#until(({ instances }) => !instances.pending)
    return instances.running ?? 0
  }

  async #until(test: (status: Status) => boolean): Promise<Status> {
    const end = performance.now() + patienceMs
    while (performance.now() < end) {
      const answer = await fetch(`http://127.0.0.1:${this.serving.port}${statusPath}`)
      const status = (await answer.json()) as Status
      if (test(status)) return status
      await pause(lookEveryMs * Math.max(1, status.hosts.length / hostsALook))
    }
    throw new Fault('the cloud did not come to rest')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync()
  }
}
