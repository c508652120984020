import { writeFileSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { systemCode } from '../../../base/fault.ts'

/** Which control groups hold guests back from CPU time and memory of others: version 2, version 1, or none are writable. */
export type Limits = 'v2' | 'v1' | 'none'

export interface GroupLimits {
  readonly cpuCores: number
  /** 100 is the ordinary share. */
  readonly cpuWeight: number
  readonly memoryMiB: number
  readonly processes: number
}

/** What can be limited. */
export type Controller = 'cpu' | 'memory' | 'pids'

/** The control groups of one host. Names are unique on the machine. */
export interface ControlGroups {
  readonly limits: Limits
  readonly controllers: readonly Controller[]
  /** Makes the group, or sets the limits of the one there is, and says in which folders it is. */
  create(name: string, limits: GroupLimits): Promise<string[]>
}

export const everyController = ['cpu', 'memory', 'pids'] as const satisfies readonly Controller[]
const periodUs = 100_000
const family = 'cumulet'

/** Version 2 where its controllers may be used, else version 1, else nothing. `proc` says which groups this process is in. */
export async function openControlGroups(root = '/sys/fs/cgroup', proc = '/proc/self/cgroup'): Promise<ControlGroups> {
  if (await worked(() => enableVersion2(root))) {
    const create = (name: string, limits: GroupLimits) =>
      createGroups([[join(root, family, name), version2Files(limits)]])
    return { limits: 'v2', controllers: everyController, create }
  }
  const parents = await parentsOfVersion1(root, await readFile(proc, 'utf8').catch(() => ''))
  const controllers = everyController.filter((it) => parents[it])
  if (controllers.length === 0) return { limits: 'none', controllers, create: async () => [] }
  const groups = (name: string, limits: GroupLimits) =>
    controllers.map((it) => [join(parents[it]!, `${family}-${name}`), version1Files(limits)[it]] as const) // filtered above
  return { limits: 'v1', controllers, create: (name, limits) => createGroups(groups(name, limits)) }
}

/** Moves a process, with all its threads, into the groups in `folders`. At once: it has had no time to take anything. */
export function admit(pid: number, folders: readonly string[]): void {
  for (const it of folders) writeFileSync(join(it, 'cgroup.procs'), `${pid}`)
}

/** Removes the groups, whose processes have ended or are about to. */
export async function removeGroups(folders: readonly string[], clock: Clock): Promise<void> {
  for (const folder of folders) {
    // Source: Linux, Documentation/admin-guide/cgroup-v2.rst: a group that ended processes still leave is busy.
    for (let attempt = 0; !(await removed(folder)) && attempt < 200; attempt++) await clock.sleep(5)
  }
}

async function removed(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false
    if (code !== 'ENOENT') throw error
  }
  return true
}

type Files = Readonly<Record<string, string>>

async function createGroups(groups: readonly (readonly [folder: string, files: Files])[]): Promise<string[]> {
  await using undo = new AsyncDisposableStack()
  for (const [folder, files] of groups) {
    await mkdir(folder, { recursive: true })
    undo.defer(async () => void (await removed(folder)))
    for (const [name, value] of Object.entries(files)) await writeFile(join(folder, name), value)
  }
  undo.move()
  return groups.map(([folder]) => folder)
}

/** Source: Linux, Documentation/admin-guide/cgroup-v2.rst. */
function version2Files({ cpuCores, cpuWeight, memoryMiB, processes }: GroupLimits): Files {
  return {
    'cpu.max': `${Math.max(1000, Math.round(cpuCores * periodUs))} ${periodUs}`,
    'cpu.weight': `${clamp(Math.round(cpuWeight), 1, 10_000)}`,
    'memory.max': `${memoryMiB * 2 ** 20}`,
    'memory.oom.group': '1',
    'pids.max': `${processes}`,
  }
}

/** Source: Linux, Documentation/admin-guide/cgroup-v1/memory.rst and scheduler/sched-bwc.rst; 1024 shares are the ordinary ones. */
function version1Files({ cpuCores, cpuWeight, memoryMiB, processes }: GroupLimits) {
  return {
    cpu: {
      'cpu.cfs_period_us': `${periodUs}`,
      'cpu.cfs_quota_us': `${Math.max(1000, Math.round(cpuCores * periodUs))}`,
      'cpu.shares': `${clamp(Math.round((cpuWeight * 1024) / 100), 2, 262_144)}`,
    },
    memory: { 'memory.limit_in_bytes': `${memoryMiB * 2 ** 20}` },
    pids: { 'pids.max': `${processes}` },
  } satisfies Record<Controller, Files>
}

/**
 * Hands the controllers down to our family of groups, which stays: members come and go at any time. Fails where there are
 * no controllers, or they are not ours to hand.
 */
async function enableVersion2(root: string): Promise<void> {
  const offered = (await readFile(join(root, 'cgroup.controllers'), 'utf8')).trim().split(' ')
  if (!everyController.every((it) => offered.includes(it))) throw new Error(`${root} offers only ${offered.join(', ')}`)
  const all = everyController.map((it) => `+${it}`).join(' ')
  await writeFile(join(root, 'cgroup.subtree_control'), all)
  await mkdir(join(root, family), { recursive: true })
  await writeFile(join(root, family, 'cgroup.subtree_control'), all)
}

/**
 * Below which folders our groups of version 1 are. That is the group that this process is in itself: whoever holds us back by it,
 * as a container's keeper does, goes on holding back our guests. Not the processor, though, where we are held back: the kernel
 * refuses a quota above that of the group around, and ours are not made from it.
 * Source: Linux, kernel/sched/core.c, tg_cfs_schedulable_down.
 */
async function parentsOfVersion1(root: string, proc: string): Promise<Partial<Record<Controller, string>>> {
  const own = proc.split('\n').map((it) => it.split(':'))
  const parents: Partial<Record<Controller, string>> = {}
  for (const it of everyController) {
    const path = own.find(([, names]) => names?.split(',').includes(it))?.[2]
    if (path === undefined || (it === 'cpu' && path !== '/')) continue
    const parent = join(root, it, path)
    if (await worked(() => tryGroup(parent))) parents[it] = parent
  }
  return parents
}

async function tryGroup(parent: string): Promise<void> {
  await readFile(join(parent, 'cgroup.procs'))
  const probe = join(parent, `${family}-probe-${process.pid}`)
  await mkdir(probe, { recursive: true })
  await rmdir(probe)
}

/** What fails here is no failure: another kind of limit is tried, and the last one is none. */
async function worked(attempt: () => Promise<void>): Promise<boolean> {
  return attempt().then(
    () => true,
    () => false,
  )
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
