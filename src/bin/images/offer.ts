/** What commands that make images ask of the cloud. */
import { Fault } from '../../base/fault.ts'
import type { ImageId } from '../../model/ids.ts'
import { offersPath } from '../control/image-offers.ts'
import { runningProcess } from '../running.ts'
import { type Paths, requireSettings } from '../settings.ts'

/** Where the cloud's control plane listens. Refuses where it does not run, or boots nothing. */
export async function requireRunning(paths: Paths): Promise<string> {
  const settings = await requireSettings(paths)
  if (settings.hypervisor === 'fake')
    throw new Fault('The hypervisor of this cloud is the fake one: it boots no images.')
  const endpoint = (await runningProcess(paths.controlState))?.endpoint
  if (!endpoint) throw new Fault('The cloud does not run. Start it with npm start, and then come again.')
  return endpoint
}

/** Has the control plane offer the image in the cloud's folder. */
export async function offer(endpoint: string, id: ImageId, abort: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([abort, AbortSignal.timeout(30_000)])
  const answer = await fetch(`${endpoint}${offersPath}${id}`, { method: 'POST', signal })
  if (!answer.ok) throw new Fault(`The control plane does not take the image: ${(await answer.text()).trim()}`)
}
