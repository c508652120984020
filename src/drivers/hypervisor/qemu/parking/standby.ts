/**
 * A copy of a parked machine that was started before anybody asked for it: its process has the state, the memory, disks and a tap, and
 * its guest has done once what it will do first. It stands still, as nobody, until a domain goes on as it. `standby.json` in its
 * folder says where it says that it is nobody.
 */
import { closeSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../../../base/fault.ts'
import type { ProcessIdentity } from '../../../../base/process.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import type { Continued, DomainWiring, ParkedMachine } from '../../driver.ts'
import { type BootOptions, bootDomain, type Ground, succeed } from '../boot.ts'
import { removeGroups } from '../cgroup.ts'
import { consoleIn } from '../domain.ts'
import { plugNic } from '../nics.ts'
import { beSomebody, marksOfProcess, nobody, type ProcessMarks } from './identity.ts'
import { anonymousFile } from './memory.ts'
import { loadState } from './migration.ts'
import { nobodysVif, says } from './park.ts'
import { bootIdFrom, consoleOf, stateFd } from './wake.ts'

interface StandbyFile {
  readonly groupName: string
  readonly marks: ProcessMarks
  /** Of the machine that was parked. */
  readonly boot?: string | undefined
  /** What the machine has said, up to when it was parked. */
  readonly console: string
}

/** A word of its command line by which an image says that its guest can rehearse, and what it says when it has. */
const rehearses = 'cumulet.rehearses'
const hasRehearsed = /cumulet: rehearsed/
const rehearsalMs = 60_000

/** Starts the process, has the guest rehearse with what `page` tells it, and lets it stand still. */
export async function standBy(
  ground: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  { machine, page, ...options }: Omit<BootOptions, 'parking'> & { machine: ParkedMachine; page: string },
): Promise<ProcessIdentity> {
  const pages = machine.marks.memory.filter((it) => it.what === 'page')
  const isToRehearse = spec.boot.commandLine.split(' ').includes(rehearses)
  const its = anonymousFile(await readFile(machine.state))
  try {
    const parking = {
      role: 'wake',
      files: [machine.memory, its],
      prepare: async (way, pid) => {
        await loadState(way, stateFd)
        if (isToRehearse) await beSomebody(pid, { memory: pages }, { ...nobody, page })
      },
    } satisfies BootOptions['parking']
    const domain = await bootDomain(ground, spec, wiring, { ...options, parking })
    try {
      if (isToRehearse)
        await says(domain, hasRehearsed, ground, AbortSignal.any([options.abort, AbortSignal.timeout(rehearsalMs)]))
      const { qmp } = await domain.way(options.abort)
      await qmp.execute('stop', {}, { abort: options.abort })
      await domain.takeConsole()
      const process = domain.record.process! // it runs
      const { own, memory } = await marksOfProcess(process.pid, machine.boot)
      const console = await readFile(machine.console, 'latin1')
      // Pages that it has not touched are the parked machine's, and so are their marks.
      const marks = { own, memory: [...machine.marks.memory, ...memory] }
      const file: StandbyFile = { groupName: options.groupName, marks, boot: machine.boot, console }
      await writeFile(join(options.around.folder, 'standby.json'), JSON.stringify(file), { mode: 0o600 })
      await rm(consoleIn(options.around.folder), { force: true })
      return process
    } catch (error) {
      await domain.kill(AbortSignal.timeout(20_000))
      await removeGroups(domain.record.groups, ground.clock)
      await rm(options.around.folder, { recursive: true, force: true })
      throw error
    } finally {
      await domain.release()
    }
  } finally {
    closeSync(its)
  }
}

/** Goes on with it as the domain. Throws as `bootDomain` does, and of the machine nothing is left then. */
export async function goOn(
  ground: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  { standby, identity: page }: Continued,
  { around, abort }: Pick<BootOptions, 'around' | 'abort'>,
) {
  const [first] = spec.vifs
  if (!first) throw new Fault(`${spec.id} has no NIC`)
  const identity = { uuid: spec.uuid, instance: spec.instance, mac: first.mac, page, boot: bootIdFrom(page) }
  await rename(standby.folder, around.folder)
  const file = join(around.folder, 'standby.json')
  const { groupName, marks, boot, console } = JSON.parse(await readFile(file, 'utf8')) as StandbyFile
  return await succeed(ground, spec, wiring, {
    ...{ around, groupName, abort, console: consoleOf(console, spec.uuid), firstNic: nobodysVif },
    prepare: async ({ qmp }, pid) => {
      await beSomebody(pid, { ...marks, boot }, identity)
      await rm(file)
      for (const [index, vif] of spec.vifs.entries())
        if (index > 0) await plugNic(qmp, vif, { tap: wiring.taps[index]!, from: 'elsewhere' }, abort) // Counted before.
    },
  })
}
