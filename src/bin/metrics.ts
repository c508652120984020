/** `cumulet metrics` */
import { Fault } from '../base/fault.ts'
import { metricsPath } from './control/metrics.ts'
import { runningProcess } from './running.ts'
import type { Paths } from './settings.ts'

/** Prints what the control plane's `/cumulet/metrics` says, which Prometheus may ask for by itself. */
export async function metrics(paths: Paths, say: (text: string) => void): Promise<void> {
  const control = await runningProcess(paths.controlState)
  if (!control?.endpoint) throw new Fault('the control plane does not run: start it with `cumulet up`')
  const answer = await fetch(`${control.endpoint}${metricsPath}`, { signal: AbortSignal.timeout(15_000) })
  say((await answer.text()).trimEnd())
}
