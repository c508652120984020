/** `cumulet host`: what may happen to hosts, caused on purpose. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { raise, removeHost } from '../drivers/network/box/box.ts'
import { openDrivers } from './agent/drivers.ts'
import { boxOf } from './box.ts'
import { endGuestsOf } from './down.ts'
import type { Progress } from './progress.ts'
import { endProcess, runningProcess } from './running.ts'
import { hostsOf, type Paths, requireSettings, type Settings } from './settings.ts'

const agentGraceMs = 10_000

/** The hosts that are lost: agents do not serve them until they are brought back. */
export async function lostHosts(paths: Paths): Promise<ReadonlySet<string>> {
  try {
    return new Set(JSON.parse(await readFile(paths.lostHosts, 'utf8')) as string[])
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return new Set()
    throw error
  }
}

/**
 * Loses a host as if its power had gone for good: its guests end at once, their ephemeral disks and its network go. Volumes
 * stay, and are out of reach until it is back where it served them. Other hosts go on; the agent of all begins anew.
 */
export async function loseHost(paths: Paths, host: string, progress: Progress, abort: AbortSignal): Promise<void> {
  const settings = await requireSettings(paths)
  requireHost(settings, host)
  await writeLost(paths, new Set([...(await lostHosts(paths)), host]))
  await restartAgent(paths, progress, abort)
  await progress.step(`${host} is lost`, async () => {
    const drivers = await openDrivers(paths, settings, silentLog)
    const parts = await drivers.forHost(host, paths.host(host))
    await using _hypervisor = parts.hypervisor
    await using _volumes = parts.volumes
    await rm(join(paths.host(host), 'spec.json'), { force: true }) // First: nobody shall start again what is gone.
    await endGuestsOf(parts, 0, abort)
    if (settings.hypervisor === 'qemu') removeHost(boxOf(settings), host)
  })
}

/** Brings back a host that was lost: empty, and ready for guests. */
export async function returnHost(paths: Paths, host: string, progress: Progress, abort: AbortSignal): Promise<void> {
  const settings = await requireSettings(paths)
  requireHost(settings, host)
  const lost = await lostHosts(paths)
  if (!lost.has(host)) throw new Fault(`${host} is not lost.`)
  if (settings.hypervisor === 'qemu') await progress.step('network', () => raise(boxOf(settings), abort))
  await writeLost(paths, new Set([...lost].filter((it) => it !== host)))
  await restartAgent(paths, progress, abort)
}

function requireHost(settings: Settings, host: string): void {
  const guests = hostsOf(settings).filter((it) => !it.isEdge)
  if (guests.some((it) => it.id === host)) return
  throw new Fault(`No host ${host}: there are ${guests.map((it) => it.id).join(', ')}.`)
}

async function writeLost(paths: Paths, hosts: ReadonlySet<string>): Promise<void> {
  await writeFile(`${paths.lostHosts}.new`, JSON.stringify([...hosts]))
  await rename(`${paths.lostHosts}.new`, paths.lostHosts)
}

/** The control plane starts the next one, which knows what is lost. */
async function restartAgent(paths: Paths, progress: Progress, abort: AbortSignal): Promise<void> {
  const running = await runningProcess(paths.agentState)
  if (running) await progress.step('agent begins anew', () => endProcess(running, agentGraceMs, abort))
}
