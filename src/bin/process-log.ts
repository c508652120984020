import { hostname } from 'node:os'
import packageJson from '../../package.json' with { type: 'json' }
import { type Log, openLog } from '../base/log.ts'
import type { Spans } from '../base/traces.ts'
import type { Paths, Settings } from './settings.ts'

/**
 * The log of a process that runs for good. `$CUMULET_DEBUG`, to whatever it is set, has it say more: each step of an agent, and how
 * long it took.
 */
export async function openProcessLog(
  who: 'control' | 'agent',
  paths: Paths,
  settings: Settings,
  env: NodeJS.ProcessEnv,
): Promise<Log> {
  const level = env['CUMULET_DEBUG'] ? 'debug' : 'info'
  return openLog({
    file: paths[`${who}Log`],
    level,
    spans: settings.traces ? await openSpans(who, paths, settings) : undefined,
  })
}

/** Source: OpenTelemetry, "Resource semantic conventions". */
async function openSpans(who: 'control' | 'agent', paths: Paths, { region }: Settings): Promise<Spans> {
  const { openTraces } = await import('../base/traces.ts')
  const service = {
    'service.name': `cumulet-${who}`,
    'service.namespace': 'cumulet',
    'service.version': packageJson.version,
  }
  const resource = { ...service, 'host.name': hostname(), 'process.pid': process.pid, 'cloud.region': region }
  return openTraces({ file: paths[`${who}Traces`], resource })
}
