/** Whether there is anything to start. Apart from `up.ts`, which loads all that a control plane is. */
import { Fault } from '../base/fault.ts'
import { alreadyGreeting } from './profiles.ts'
import { runningProcess } from './running.ts'
import { type Choices, type Paths, settle, urlOf } from './settings.ts'
import type { Starter } from './starter.ts'

/**
 * Whether a control plane serves from here: that is all that a starter wants. Refuses where it shall serve elsewhere or be another
 * cloud, and where the one that was to serve is this process.
 */
export async function alreadyServes(paths: Paths, choices: Choices, starter: Starter | undefined): Promise<boolean> {
  const endpoint = (await runningProcess(paths.controlState))?.endpoint
  if (endpoint === undefined) return false
  if (!starter) throw new Fault(`A cloud serves from ${paths.data} already, at ${endpoint}.`)
  const wanted = urlOf((await settle(paths, choices)).listen)
  const chosen = choices.host !== undefined || (choices.port ?? 0) !== 0
  if (chosen && wanted !== endpoint)
    throw new Fault(
      `This cloud serves already, at ${endpoint} and not at ${wanted}: cumulet down --leave-guests first.`,
    )
  starter.write(`${alreadyGreeting(paths, endpoint)}\n`)
  starter.serves()
  return true
}
