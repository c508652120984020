import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault } from '../../../../base/fault.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import type { InterfaceId } from '../../../../model/ids.ts'
import type { DomainWiring, ParkedMachine } from '../../driver.ts'
import { type BootOptions, bootDomain, type Ground } from '../boot.ts'
import { removeGroups } from '../cgroup.ts'
import type { Domain } from '../domain.ts'
import { MarkFinder, marksOfState, nobody } from './identity.ts'
import { saveMemory, seal } from './memory.ts'
import { saveState } from './migration.ts'

/** Words of its command line by which an image says that it can be parked, and is told that it shall be. */
const parks = 'cumulet.parks'
const isToPark = 'cumulet.park'
/** What it says on its console then, and which boot id it has if it has one. */
const isParked = /cumulet: parked(?: in boot ([0-9a-f-]{36}))?\r?\n/
const lookEveryMs = 100
/** Debian with all its services, on a machine that has other things to do. */
const patienceMs = 600_000

/** What its NIC is called, for ever. */
export const nobodysVif: InterfaceId = 'eni-00000000'

/** Whether the image says that it can be parked. */
export function canPark({ boot, vifs, plugs = [] }: DomainSpec): boolean {
  return (
    boot.kernel !== undefined && vifs.length > 0 && plugs.length === 0 && boot.commandLine.split(' ').includes(parks)
  )
}

/** The machine that domains like this one can be copies of: nobody's, on no network, and in nobody's way. */
export function machineToPark(spec: DomainSpec): DomainSpec {
  const words = spec.boot.commandLine.split(' ').map((it) => (it === parks ? isToPark : it))
  return {
    ...{ ...spec, uuid: nobody.uuid, instance: nobody.instance },
    ...{ id: 'dom_0', power: 'on', graceMs: 0, begun: false, reboots: 0, plugs: [] },
    vifs: [{ id: nobodysVif, mac: nobody.mac }],
    ...{ cpuQuotaCores: spec.vcpus, cpuWeight: 20 },
    boot: { ...spec.boot, commandLine: words.join(' ') },
  }
}

/**
 * Boots the machine until its guest says that it is parked, and writes it to `folder`, as `memory`, `state` and `console`. Its
 * memory is sealed then, and of the process nothing is left. Gives where it says who it is.
 */
export async function park(
  ground: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  { memory, folder, ...options }: Omit<BootOptions, 'parking'> & { readonly memory: number; readonly folder: string },
): Promise<Pick<ParkedMachine, 'marks' | 'boot'>> {
  const domain = await bootDomain(ground, spec, wiring, { ...options, parking: { role: 'park', files: [memory] } })
  let boot: string | undefined
  try {
    const limit = AbortSignal.any([options.abort, AbortSignal.timeout(patienceMs)])
    boot = (await says(domain, isParked, ground, limit))[1]
    const way = await domain.way(options.abort)
    await way.qmp.execute('stop', {}, { abort: options.abort })
    await domain.takeConsole()
    await saveState(way, join(folder, 'state'), join(placeOf(wiring), 'state.sock'), ground.userOf(spec.id))
    await writeFile(join(folder, 'console'), await domain.console(keptBytes))
  } finally {
    await domain.kill(AbortSignal.timeout(20_000))
    await domain.release()
    await removeGroups(domain.record.groups, ground.clock)
  }
  seal(memory)
  const marks = new MarkFinder({ boot })
  await saveMemory(memory, join(folder, 'memory'), (it) => marks.look(it))
  if (!marks.found.some((it) => it.what === 'page')) throw new Fault('the guest keeps no page for who it is')
  const state = marksOfState(await readFile(join(folder, 'state')))
  return { marks: { memory: marks.found, state }, ...(boot !== undefined && { boot }) }
}

const keptBytes = 64 * 1024

/** Resolves once the guest has said it. */
export async function says(
  domain: Domain,
  text: RegExp,
  { clock }: Ground,
  limit: AbortSignal,
): Promise<RegExpExecArray> {
  for (;;) {
    const said = text.exec((await domain.console(keptBytes)).toString('latin1'))
    if (said) return said
    const { state } = await domain.status(limit)
    if (state !== 'running') throw new Fault(`the guest that should say ${text} is ${state}`)
    await clock.sleep(lookEveryMs, limit)
  }
}

/** A folder that the machine's user can pass through. */
function placeOf({ disks }: DomainWiring): string {
  const [disk] = disks
  if (!disk) throw new Fault('a machine without disks cannot be parked')
  return dirname(disk.file)
}
