import { mkdir, rm } from 'node:fs/promises'
import type { Clock } from '../../../base/clock.ts'
import { Fault } from '../../../base/fault.ts'
import type { Log } from '../../../base/log.ts'
import { hasEnded, identify, type ProcessIdentity, sendKill } from '../../../base/process.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import type { DomainId, InterfaceId } from '../../../model/ids.ts'
import { confined } from '../../qemu/confine.ts'
import { failureOf, firstFd, launch } from '../../qemu/launch.ts'
import { Qmp } from '../../qemu/qmp.ts'
import type { DomainWiring } from '../driver.ts'
import { type Accelerator, qemuArguments, translationMiB } from './arguments.ts'
import { admit, type ControlGroups, type GroupLimits, removeGroups } from './cgroup.ts'
import { Domain, type DomainSurroundings, logIn, socketIn } from './domain.ts'
import { nobody } from './parking/identity.ts'
import type { Way } from './parking/migration.ts'
import { type DomainRecord, readRecord, writeRecord } from './record.ts'

/** What is the same for all domains of a host. */
export interface Ground {
  readonly clock: Clock
  readonly log: Log
  readonly accelerator: Accelerator
  readonly groups: ControlGroups
  /** Groups of users that devices are open to. */
  readonly deviceGroups: readonly number[]
  /** Of a domain's process. */
  readonly userOf: (domain: DomainId) => number
}

export interface BootOptions {
  readonly around: DomainSurroundings
  /** Unique on the machine. */
  readonly groupName: string
  readonly abort: AbortSignal
  /** Wakes it instead of booting it, or boots it to be parked. */
  readonly parking?: BootParking
}

export interface BootParking {
  readonly role: 'park' | 'wake'
  /** Descriptors that the process gets: its memory, and the state that it is to take over. */
  readonly files: readonly number[]
  /** What its console has from before. */
  readonly console?: Buffer
  /** What is to be done before its processors run. */
  prepare?(way: Way, pid: number): Promise<void>
}

/** A machine that takes longer than this to run its first instruction never will. */
const bootTimeoutMs = 60_000

/** Starts a domain in an empty place. Throws with what QEMU said, and then leaves no process, folder or control group. */
export async function bootDomain(
  ground: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  { around, groupName, abort, parking }: BootOptions,
): Promise<Domain> {
  const begun = ground.clock.now().getTime()
  const command = commandFor(ground, spec, wiring, parking)
  await using undo = new AsyncDisposableStack()
  await mkdir(around.folder, { mode: 0o700 })
  undo.defer(() => rm(around.folder, { recursive: true, force: true }))
  const groups = await ground.groups.create(groupName, limitsFor(spec, ground.accelerator))
  undo.defer(() => removeGroups(groups, ground.clock))
  abort.throwIfAborted()
  const record = newRecord(spec, wiring, groups, ground.clock)
  writeRecord(around.folder, record)
  const files = parking?.files ?? []
  const child = await launch({ command, sockets: [socketIn(around.folder)], files, log: logIn(around.folder) })
  const process = child.pid === undefined ? undefined : identify(child.pid)
  const failure = failureOf(child, logIn(around.folder))
  if (!process) return await failure
  const traces = tracesOf(spec)
  ground.log.debug({ stage: 'exec', traces, since: begun, subject: spec.id, pid: process.pid }, 'QEMU is started')
  const since = ground.clock.now().getTime()
  undo.defer(() => endStarting(process, ground.clock))
  admit(process.pid, groups)
  const domain = new Domain(around, record)
  domain.save({ process })
  undo.defer(() => domain.release())
  if (parking?.console) await domain.beginConsole(parking.console)
  await begin(domain, { process, failure, clock: ground.clock, abort, ...(parking && { parking }) })
  hasStarted(domain, parking?.console)
  const told = {
    domain: spec.id,
    pid: process.pid,
    ms: ground.clock.now().getTime() - begun,
    how: parking?.role ?? 'boot',
  }
  ground.log.info({ stage: 'run', traces, since, ...told }, 'domain runs')
  undo.move()
  return domain
}

/** What nobody launched is no stage of a launch. */
function tracesOf({ instance }: DomainSpec): string[] {
  return instance === nobody.instance ? [] : [instance]
}

/** It runs. One whose console had begun before has yet to say that it has woken. */
function hasStarted(domain: Domain, console: Buffer | undefined): void {
  domain.save({ phase: 'started', ...(console && { waking: console.length }) })
  domain.watchWaking()
}

/** What a machine that stands by becomes a domain with. */
export interface Succession {
  readonly around: DomainSurroundings
  readonly groupName: string
  readonly abort: AbortSignal
  readonly console: Buffer
  /** What the machine calls the NIC of the first vif. */
  readonly firstNic: InterfaceId
  /** What is to be done before its processors go on. */
  prepare(way: Way, pid: number): Promise<void>
}

/** Goes on as the domain with the process that `around.folder` has the record of. Throws as `bootDomain` does, and leaves as little. */
export async function succeed(
  ground: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  { around, groupName, abort, console, firstNic, prepare }: Succession,
): Promise<Domain> {
  const since = ground.clock.now().getTime()
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rm(around.folder, { recursive: true, force: true }))
  const { process, groups = [] } = readRecord(around.folder) ?? {}
  undo.defer(() => removeGroups(groups, ground.clock))
  if (!process) throw new Fault(`${spec.id}: nothing is known of the machine that stood by`)
  undo.defer(() => endStarting(process, ground.clock))
  const record = { ...newRecord(spec, wiring, groups, ground.clock), process, firstNic }
  writeRecord(around.folder, record)
  await ground.groups.create(groupName, limitsFor(spec, ground.accelerator))
  const domain = new Domain(around, record)
  undo.defer(() => domain.release())
  await domain.beginConsole(console)
  await domain.start(bootTimeoutMs, abort, (way) => prepare(way, process.pid))
  hasStarted(domain, console)
  const told = { domain: spec.id, pid: process.pid, ms: ground.clock.now().getTime() - since, how: 'continue' }
  ground.log.info({ stage: 'run', traces: tracesOf(spec), since, ...told }, 'domain runs')
  undo.move()
  return domain
}

function commandFor(
  { accelerator, deviceGroups, userOf }: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  parking: BootParking | undefined,
): string[] {
  const [namespace, ...others] = new Set(wiring.taps.map((it) => it.namespace))
  if (others.length > 0) throw new Fault(`${spec.id} hangs in several namespaces: ${[namespace, ...others].join(', ')}`)
  const machine = { spec, wiring, accelerator, controlFd: firstFd }
  const parked = parking && { parking: { role: parking.role, memoryFd: firstFd + 1 } }
  const qemu = ['qemu-system-x86_64', ...qemuArguments({ ...machine, ...parked })]
  const place = namespace === undefined ? {} : { namespace }
  return confined(qemu, { user: userOf(spec.id), groups: deviceGroups, ...place })
}

/**
 * What its disks may have in the page cache, which is counted among what the process has taken, and is taken back first: without it a guest
 * waits for the machine's disk where another process would find the same in memory.
 */
const pageCacheMiB = 512

/** What the process needs beside the guest's memory; measured. */
function limitsFor(spec: DomainSpec, accelerator: Accelerator): GroupLimits {
  const translation = accelerator === 'tcg' ? translationMiB(spec.memoryMiB) : 0
  const overhead = 160 + 8 * spec.vcpus + Math.ceil(spec.memoryMiB / 32) + translation + pageCacheMiB
  return {
    cpuCores: spec.cpuQuotaCores,
    cpuWeight: spec.cpuWeight,
    memoryMiB: spec.memoryMiB + overhead,
    // A virtual CPU is a thread; each disk may have 64 more at work. Source: QEMU, util/thread-pool.c (THREAD_POOL_MAX_THREADS_DEFAULT).
    processes: 32 + spec.vcpus + 64 * Math.max(1, spec.disks.length),
  }
}

function newRecord(spec: DomainSpec, wiring: DomainWiring, groups: readonly string[], clock: Clock): DomainRecord {
  const plugs = (wiring.volumes ?? []).map((it) => it.volume)
  const startedAt = clock.now().toISOString()
  return { id: spec.id, phase: 'starting', spec, wiring, startedAt, groups, reboots: 0, plugs }
}

interface Beginning {
  readonly process: ProcessIdentity
  readonly failure: Promise<never>
  readonly clock: Clock
  readonly abort: AbortSignal
  readonly parking?: BootParking
}

async function begin(domain: Domain, { process, failure, clock, abort, parking }: Beginning): Promise<void> {
  try {
    const prepare = async (way: Way) => parking?.prepare?.(way, process.pid)
    await Promise.race([domain.start(bootTimeoutMs, abort, prepare), failure])
  } catch (error) {
    abort.throwIfAborted()
    // Its socket closes before one hears of its end; what it said is the better reason.
    if (await hasEnded(process, { clock, timeoutMs: 1000 })) await failure
    throw error
  }
}

async function endStarting(process: ProcessIdentity, clock: Clock): Promise<void> {
  sendKill(process)
  if (!(await hasEnded(process, { clock, timeoutMs: 10_000 }))) throw new Fault(`process ${process.pid} does not end`)
}

/** Removes what a boot that died has left in `folder`. */
export async function clearRemains(folder: string, record: DomainRecord | undefined, clock: Clock): Promise<void> {
  if (record?.process) await endStarting(record.process, clock)
  else await quit(socketIn(folder))
  await removeGroups(record?.groups ?? [], clock)
  await rm(folder, { recursive: true, force: true })
}

/** Ends the process that listens there, whose number nobody had the time to write down. */
async function quit(socket: string): Promise<void> {
  const abort = AbortSignal.timeout(2000)
  try {
    const qmp = await Qmp.open(socket, { event: () => {}, closed: () => {} }, { abort })
    await qmp.execute('quit', {}, { abort })
  } catch {
    // Nobody listens: there is no process.
  }
}
