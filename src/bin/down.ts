/** `cumulet down`: everything stops, the data stays. Works on whatever is left of a cloud. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { exists } from '../base/files.ts'
import { silentLog } from '../base/log.ts'
import type { HypervisorDriver } from '../drivers/hypervisor/driver.ts'
import { lower } from '../drivers/network/box/box.ts'
import type { DomainId } from '../model/ids.ts'
import { type HostDrivers, openDrivers } from './agent/drivers.ts'
import type { Progress } from './progress.ts'
import { endProcess, runningProcess } from './running.ts'
import { hostsOf, type Paths, readSettings, type Settings } from './settings.ts'

export interface DownOptions {
  readonly paths: Paths
  /** For guests to shut down by themselves. */
  readonly graceMs: number
  readonly progress: Progress
}

/** For our own processes. */
const processGraceMs = 10_000

export async function down({ paths, graceMs, progress }: DownOptions, abort: AbortSignal): Promise<void> {
  const settings = await readSettings(paths)
  if (!settings) {
    progress.say(`No cloud in ${paths.data}: nothing to stop.`)
    return
  }
  await stop('control plane', paths.controlState, progress, abort)
  await stop('agent', paths.agentState, progress, abort)
  await progress.step('guests shut down', () => endGuests(paths, settings, graceMs, abort))
  if (settings.hypervisor === 'qemu') await progress.step('network goes', () => lower(settings.name, abort))
}

/** Stops what answers the API, and nothing else: as Ctrl-C does where it serves in the foreground. */
export async function stopControlPlane(
  { paths, progress }: Pick<DownOptions, 'paths' | 'progress'>,
  abort: AbortSignal,
): Promise<void> {
  const ended = await stop('control plane', paths.controlState, progress, abort)
  progress.say(ended ? 'Guests go on.' : `No control plane runs in ${paths.data}.`)
}

/** Whether it ran. */
async function stop(label: string, file: string, progress: Progress, abort: AbortSignal): Promise<boolean> {
  const running = await runningProcess(file)
  if (running) await progress.step(`${label} stops`, () => endProcess(running, processGraceMs, abort))
  await rm(file, { force: true })
  return running !== undefined
}

async function endGuests(paths: Paths, settings: Settings, graceMs: number, abort: AbortSignal): Promise<void> {
  // Nothing is booted: any will do. The one that was chosen may have gone with the cache, and guests have not.
  const accelerator = settings.hypervisor === 'fake' ? 'none' : 'tcg'
  const drivers = await openDrivers(paths, settings, silentLog, accelerator)
  for (const { id } of hostsOf(settings)) {
    if (!(await exists(paths.host(id)))) continue // Never fully up: no guest either.
    const parts = await drivers.forHost(id, paths.host(id))
    await using _hypervisor = parts.hypervisor
    await using _volumes = parts.volumes
    await rm(join(paths.host(id), 'spec.json'), { force: true }) // First: by it an agent would start again what is forgotten.
    await endGuestsOf(parts, graceMs, abort)
    await rm(paths.host(id), { recursive: true, force: true })
  }
  await rm(paths.heirs, { recursive: true, force: true })
}

const toNobody = { domains: [], limits: { operations: 0, bytes: 0 } }

/** Ends what runs on a host, and takes away what belongs to it; volumes stay. */
export async function endGuestsOf(
  { hypervisor, storage, volumes, network }: HostDrivers,
  graceMs: number,
  abort: AbortSignal,
): Promise<void> {
  const running = async () => (await hypervisor.list(abort)).filter((it) => it.state === 'running')
  for (const { id } of await running()) await pressButton(hypervisor, id, abort)
  const deadline = systemClock.now().getTime() + graceMs
  while ((await running()).length > 0 && systemClock.now().getTime() < deadline) await systemClock.sleep(100, abort)
  for (const { id } of await hypervisor.list(abort)) await hypervisor.forget(id, abort)
  for (const { id } of (await volumes.list(abort)).volumes) await volumes.serve(id, toNobody, abort)
  for (const id of await storage.list(abort)) await storage.release(id, abort)
  for (const { vpc } of await network.list(abort)) await network.remove(vpc, abort)
}

/** A machine that does not hear is ended with those that do not obey. */
async function pressButton(hypervisor: HypervisorDriver, id: DomainId, abort: AbortSignal): Promise<void> {
  try {
    await hypervisor.pressButton(id, abort)
  } catch {
    abort.throwIfAborted()
  }
}
