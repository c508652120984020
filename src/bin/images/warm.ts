/** `cumulet image warm` */
import { systemClock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Warmed } from '../../control/hosts/warm.ts'
import { instanceType, usualInstanceType } from '../../model/instance-types.ts'
import { warmPath } from '../control/warm-route.ts'
import type { Progress } from '../progress.ts'
import type { Paths } from '../settings.ts'
import { requireRunning } from './offer.ts'

export interface WarmChoices {
  readonly image: string
  /** Absent: the one that a launch has which names none. */
  readonly types?: readonly string[] | undefined
}

/** The control plane has told what came of it before. */
const patienceMs = 16 * 60_000
const askAgainMs = 1000

/** Has every machine of the cloud park what launches of the image and these types wake from. Throws at the first that does not. */
export async function warmImage(
  paths: Paths,
  { image, types = [usualInstanceType] }: WarmChoices,
  progress: Progress,
  abort: AbortSignal,
): Promise<void> {
  for (const it of types) if (!instanceType(it)) throw new Fault(`There is no instance type ${it}.`)
  const endpoint = await requireRunning(paths)
  for (const type of new Set(types)) {
    let warmed: readonly Warmed[] = []
    const step = progress.step(`${image} ${type}`, async (detail) => {
      warmed = await askFor(`${endpoint}${warmPath}${encodeURIComponent(image)}?type=${type}`, detail, abort)
      const failures = warmed.flatMap((it) => ('failure' in it ? [`${it.hosts.join(', ')}: ${it.failure}`] : []))
      if (warmed.length === 0) failures.push('there is no host for guests')
      if (failures.length > 0) throw new Fault(failures.join('; '))
    })
    await step.finally(() => tell(warmed, progress))
  }
}

function tell(warmed: readonly Warmed[], progress: Progress): void {
  for (const it of warmed)
    if ('outcome' in it)
      progress.say(`${it.hosts.join(', ')}: ${it.outcome === 'made' ? 'parked' : 'was parked already'}`)
}

/** Asks for as long as the image's files are fetched. */
async function askFor(url: string, detail: (text: string) => void, abort: AbortSignal): Promise<readonly Warmed[]> {
  const signal = AbortSignal.any([abort, AbortSignal.timeout(patienceMs)])
  detail('a machine boots to be parked …')
  for (;;) {
    const { status, text } = await ask(url, signal).catch((cause: unknown) => {
      abort.throwIfAborted()
      throw new Fault('The control plane does not answer any more. What hosts have begun goes on.', { cause })
    })
    if (status === 200) return JSON.parse(text) as readonly Warmed[]
    if (status !== 202) throw new Fault(text.trim() || `The control plane answered ${status}.`)
    detail('the files of the image are fetched …')
    await systemClock.sleep(askAgainMs, signal)
  }
}

async function ask(url: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { method: 'POST', signal })
  return { status: answer.status, text: await answer.text() }
}
