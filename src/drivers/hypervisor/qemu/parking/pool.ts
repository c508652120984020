/**
 * The machines of this machine that stand by, `<folder>/<number>` for the process of each. They are copies of what the launches of late
 * were of; who is taken is another's.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { Fault, messageOf } from '../../../../base/fault.ts'
import { isAlive, type ProcessIdentity, sendKill } from '../../../../base/process.ts'
import { hex, systemRandom } from '../../../../base/random.ts'
import { run } from '../../../../base/subprocess.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { userOfStandby } from '../../../../model/domain-user.ts'
import type { DomainId } from '../../../../model/ids.ts'
import type { Heirs } from '../../../heirs.ts'
import type { StorageDriver } from '../../../storage/driver.ts'
import type { DomainWiring, ParkedMachine, Standby } from '../../driver.ts'
import { clearRemains, type Ground } from '../boot.ts'
import { readRecord } from '../record.ts'
import { dropNamespace, makeTap } from './nowhere.ts'
import { standBy } from './standby.ts'

export interface PoolOptions {
  readonly folder: string
  readonly ground: Ground
  /** Makes their disks; on the file system of all hosts of this machine. */
  readonly storage: StorageDriver
  /** Has their taps, until they are fetched. Unique on the machine. */
  readonly namespace: string
  readonly heirs: Heirs
  /** How many stand by at most. */
  readonly most: number
  /** What a guest is told that rehearses, as by `Copied.identity`. */
  rehearsal(): string
}

interface Ready extends Standby {
  readonly key: string
  readonly number: number
  readonly tap: string
  /** Known here too: its folder may be deleted at any time. */
  readonly process: ProcessIdentity
}

/** The share of the machine's memory that nothing stands by in. */
const leftFree = 1 / 8
const never = new AbortController().signal

export class StandbyPool {
  readonly #options: PoolOptions
  #ready: readonly Ready[] = []
  /** Keys of those that were tried and did not come to stand by, until the next process. */
  readonly #vain = new Set<string>()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Ends what a process before this one has left. */
  async clear(): Promise<void> {
    const { folder, ground, namespace } = this.#options
    for (const it of await readdir(folder).catch(() => [])) {
      const place = join(folder, it)
      await clearRemains(place, readRecord(place), ground.clock)
    }
    await rm(folder, { recursive: true, force: true })
    await dropNamespace(namespace)
  }

  /** Has as many as may be stand by as copies of this machine. Those of others give way. */
  async fill(
    machine: ParkedMachine,
    spec: DomainSpec,
    files: Pick<DomainWiring, 'kernel' | 'ramdisk'>,
    abort: AbortSignal,
  ): Promise<void> {
    const { most, ground } = this.#options
    const { key } = machine
    const others = this.#ready.filter((it) => it.key !== key)
    const missing = most - (this.#ready.length - others.length)
    if (missing <= 0 || this.#vain.has(key)) return
    for (const it of others.slice(0, Math.max(0, this.#ready.length + missing - most))) await this.#end(it)
    for (let made = 0; made < missing; made++) {
      if (freemem() - spec.memoryMiB * 2 ** 20 < totalmem() * leftFree) return
      try {
        await this.#make(machine, spec, files, abort)
      } catch (error) {
        if (abort.aborted) return
        this.#vain.add(key)
        ground.log.warn({ key, error: messageOf(error) }, 'a copy does not come to stand by: others like it wake')
        return
      }
    }
  }

  take(key: string, { id, vifs: [vif] }: DomainSpec): Standby | undefined {
    const { heirs, namespace } = this.#options
    for (const it of this.#ready.filter((other) => other.key === key)) {
      this.#ready = this.#ready.filter((other) => other !== it)
      if (readRecord(it.folder) && isAlive(it.process) && vif) {
        heirs.add(id, { user: userOfStandby(it.number), tap: { namespace, tap: it.tap }, vif: vif.id })
        return it
      }
      const { log } = this.#options.ground
      void this.#end(it).catch((error: unknown) =>
        log.warn({ error: messageOf(error) }, 'a machine that stood by does not end'),
      )
    }
    return undefined
  }

  /** Ends one, whether or not it was taken. */
  async drop({ folder, disks }: Standby): Promise<void> {
    await clearRemains(folder, readRecord(folder), this.#options.ground.clock)
    await rm(disks, { recursive: true, force: true })
  }

  async endOf(key: string): Promise<void> {
    for (const it of this.#ready.filter((other) => other.key === key)) await this.#end(it)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const it of this.#ready) await this.#end(it)
    await this.clear()
  }

  async #end(it: Ready): Promise<void> {
    this.#ready = this.#ready.filter((other) => other !== it)
    sendKill(it.process)
    await this.drop(it)
    await this.#dropTap(it.tap)
  }

  /** It goes with its namespace, too. */
  async #dropTap(tap: string): Promise<void> {
    await run('ip', ['-n', this.#options.namespace, 'link', 'del', tap]).catch(() => {})
  }

  async #make(
    machine: ParkedMachine,
    like: DomainSpec,
    files: Pick<DomainWiring, 'kernel' | 'ramdisk'>,
    abort: AbortSignal,
  ): Promise<void> {
    const { folder, ground, storage, namespace, rehearsal } = this.#options
    const number = this.#freeNumber()
    const id: DomainId = `dom_${number}`
    const spec = { ...like, id }
    const tap = `sb-${hex(systemRandom, 8)}`
    const place = join(folder, `${number}`)
    await using undo = new AsyncDisposableStack()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    undo.defer(() => storage.release(id, never))
    const nodes = await storage.provide(id, spec.disks, abort, machine.root)
    const [first] = nodes
    if (!first) throw new Fault('a machine without disks cannot stand by')
    await makeTap({ namespace, tap }, userOfStandby(number))
    undo.defer(() => this.#dropTap(tap))
    const wiring = { ...files, disks: nodes, taps: [{ namespace, tap }] }
    const around = { folder: place, clock: ground.clock, log: ground.log, changed: () => {} }
    const options = { around, groupName: `standby-${tap.slice(3)}`, abort, machine, page: rehearsal() }
    const process = await standBy(ground, spec, wiring, options)
    undo.move()
    const ready = { key: machine.key, number, tap, folder: place, disks: dirname(first.file), process }
    this.#ready = [...this.#ready, ready]
    ground.log.info({ key: machine.key, memoryMiB: spec.memoryMiB }, 'a machine stands by for the next launch')
  }

  /** A number is a user's: of no other that stands by, and of no domain that did. */
  #freeNumber(): number {
    const taken = this.#options.heirs.users
    let number = 1
    while (taken.has(userOfStandby(number)) || this.#ready.some((it) => it.number === number)) number++
    return number
  }
}
