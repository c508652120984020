/** `cumulet logs` */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Fault } from '../base/fault.ts'
import { isId } from '../model/ids.ts'
import type { Paths } from './settings.ts'

/** Shows the log with `tail`; the answer is its exit status. */
export async function logs(
  paths: Paths,
  what: string,
  options: { lines: number; follow: boolean },
  abort: AbortSignal,
): Promise<number> {
  const file = await fileOf(paths, what)
  const tail = spawn('tail', ['-n', String(options.lines), ...(options.follow ? ['-F'] : []), file], {
    stdio: 'inherit',
  })
  abort.addEventListener('abort', () => tail.kill(), { once: true })
  const [code] = (await once(tail, 'exit')) as [number | null]
  return code ?? 0
}

async function fileOf(paths: Paths, what: string): Promise<string> {
  if (what === 'control') return paths.controlLog
  if (what === 'agent') return paths.agentLog
  if (!isId('instance', what)) throw new Fault(`There is no log ${what}: say control, agent or an instance's id.`)
  return consoleOf(paths, what)
}

/** The console's file of a running instance: its domain says whose it is. */
async function consoleOf(paths: Paths, instance: string): Promise<string> {
  const { readConsoleIndex } = await import('./agent/consoles.ts')
  const found = await readConsoleIndex(paths, instance)
  if (!found)
    throw new Fault(
      `${instance} does not run here. The console of one that has ended: ec2-get-console-output ${instance}`,
    )
  return found
}
