/** `cumulet up`: from whatever is there to a cloud that serves. */
import { chmod, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import { installCommands } from '../cli/install.ts'
import { raise } from '../drivers/network/box/box.ts'
import { chooseAccelerator } from './accelerator.ts'
import { superviseAgent } from './agent/supervise.ts'
import { boxOf, placedHosts } from './box.ts'
import { type ControlPlane, openControlPlane } from './control/control-plane.ts'
import { ensureEbsImage } from './control/ebs-image.ts'
import { ensureTinyImage } from './control/tiny-image.ts'
import { requireMachine } from './doctor.ts'
import { makeFolders } from './folders.ts'
import { lostHosts } from './hosts.ts'
import { enterRegion, networksToAvoid } from './joining.ts'
import { openProcessLog } from './process-log.ts'
import { greeting, writeProfiles } from './profiles.ts'
import type { Progress } from './progress.ts'
import { recordProcess } from './running.ts'
import { type Choices, cloudOf, type Paths, pathsOf, readSettings, type Settings, settle } from './settings.ts'
import { staySmall } from './small.ts'
import type { Starter } from './starter.ts'

export interface UpOptions {
  readonly paths: Paths
  readonly choices: Choices
  readonly progress: Progress
  /** Waits until it serves in the background. */
  readonly starter: Starter | undefined
}

/** Brings the cloud up and serves until aborted. Guests go on after that. */
export async function up({ paths, choices, progress, starter }: UpOptions, abort: AbortSignal): Promise<void> {
  await using open = new AsyncDisposableStack()
  const isNew = (await readSettings(paths)) === undefined
  if (isNew && choices.hypervisor !== 'fake') await progress.step('machine', () => requireMachine(paths, abort))
  const taken = isNew && choices.join !== undefined ? await networksToAvoid(pathsOf(choices.join), choices) : []
  const settings = await settle(paths, choices, taken)
  await enterRegion({ paths, settings })
  await makeFolders(paths)
  if (settings.hypervisor === 'qemu') await letGuestsPass(paths.data)
  const log = await openProcessLog('control', paths, settings, process.env)
  const accelerator = await progress.step('accelerator', () => chooseAccelerator(paths, settings, abort))
  const cloud = cloudOf(settings, accelerator.accelerator)
  const control = open.use(
    await progress.step('control plane', () =>
      openControlPlane({ paths, settings, cloud, boxHosts: placedHosts(settings), log }),
    ),
  )
  await writeProfiles(paths, settings, control.credentials)
  await installCommands(paths.commands)
  await recordProcess(paths.controlState, { endpoint: control.listener.url })
  if (settings.hypervisor === 'qemu') await progress.step('network', () => raise(boxOf(settings), abort))
  open.defer(superviseAgent(paths, log))
  await progress.step('hosts', () => allConnected(control, paths, settings, abort))
  const tiny = await progress.step('image', (detail) =>
    ensureTinyImage({ paths, settings, store: control.store, detail }, abort),
  )
  await ensureEbsImage(control.store, tiny, `${settings.region}${settings.zones[0] ?? 'a'}`)
  progress.say(greeting({ paths, settings, endpoint: control.listener.url, accelerator, inBackground: !!starter }))
  starter?.serves()
  log.info({ endpoint: control.listener.url, accelerator }, 'the control plane serves')
  await staySmall(abort)
}

/** Guests run as users of their own, who must pass through every folder above their disks. Refuses where that cannot be. */
async function letGuestsPass(data: string): Promise<void> {
  await chmod(data, 0o711)
  for (let folder = dirname(data); ; folder = dirname(folder)) {
    const { mode } = await stat(folder)
    if ((mode & 0o001) === 0)
      throw new Fault(
        `Guests run as users of their own, and ${folder} lets no other user pass: chmod o+x it, or use another --data directory.`,
      )
    if (folder === dirname(folder)) return
  }
}

/** An agent that has not dialled by then has failed. */
const dialMs = 60_000

/** Agents dial by themselves; a start is not complete before they have. Says which have not, and where the reason is. */
async function allConnected({ hosts }: ControlPlane, paths: Paths, settings: Settings, abort: AbortSignal) {
  const late = AbortSignal.timeout(dialMs)
  const lost = await lostHosts(paths)
  const missing = () => placedHosts(settings).filter(({ id }) => !lost.has(id) && !hosts.connected(id))
  while (missing().length > 0) {
    abort.throwIfAborted()
    if (late.aborted) {
      const names = missing().map((it) => it.id)
      throw new Fault(`No word from ${names.join(', ')} in ${dialMs / 1000} s: ${paths.agentLog} says why`)
    }
    await systemClock.sleep(20, abort)
  }
}
