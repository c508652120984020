/**
 * The agent's process, started by `up`: `node program.ts DATA`. Not a subcommand of `cumulet`, whose command line takes 10 MiB to
 * read (measured).
 */
import { messageOf } from '../../base/fault.ts'
import { pathsOf, requireSettings } from '../settings.ts'
import { stopAtSignals } from '../signals.ts'
import { runAgent } from './main.ts'

if (import.meta.main) await main(process.argv[2] ?? '.', stopAtSignals())

async function main(data: string, stop: AbortSignal): Promise<void> {
  const paths = pathsOf(data)
  try {
    await runAgent(paths, await requireSettings(paths), stop)
  } catch (error) {
    if (stop.aborted) return
    process.stderr.write(`cumulet: ${messageOf(error)}\n`)
    process.exitCode = 1
  }
}
