/** The agent process of a box: one agent for each of its hosts. It outlives the control plane, its guests outlive it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { lockDirectory } from '../../base/lock.ts'
import { type Log, openLog } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { HostAgent } from '../../host/agent.ts'
import { keepLink } from '../../host/link.ts'
import { MetadataService } from '../../host/metadata/service.ts'
import { openTokenKey, tokensOf } from '../../host/metadata/tokens.ts'
import { openSpecFile } from '../../host/spec-file.ts'
import { recordProcess } from '../running.ts'
import { hostsOf, logLevel, type Paths, type Settings, shareOf } from '../settings.ts'
import { staySmall } from '../small.ts'
import { type Drivers, openDrivers } from './drivers.ts'

/** Runs until aborted. */
export async function runAgent(paths: Paths, settings: Settings, abort: AbortSignal): Promise<void> {
  await using open = new AsyncDisposableStack()
  await mkdir(paths.run, { recursive: true, mode: 0o700 })
  open.use(lockDirectory(paths.run))
  const log = openLog({ file: paths.agentLog, level: logLevel(process.env) })
  await recordProcess(paths.agentState)
  const drivers = await openDrivers(paths, settings, log)
  const tokens = tokensOf(await openTokenKey(join(paths.keys, 'metadata'), systemRandom), systemRandom)
  const agents: HostAgent[] = []
  for (const { id } of hostsOf(settings)) {
    agents.push(open.use(await startHost(id, { paths, drivers, tokens, log: log.child({ host: id }), open })))
  }
  const { memoryMiB, cores } = shareOf(settings)
  const capacity = { memoryMiB, cores, diskGiB: await drivers.diskGiB(), accelerator: drivers.accelerator }
  const capacities = new Map(agents.map((it) => [it.host, capacity]))
  log.info({ hosts: agents.map((it) => it.host), accelerator: drivers.accelerator }, 'the agent runs')
  const link = { socket: paths.agentsSocket, agents, capacities, clock: systemClock, log }
  await Promise.all([keepLink(link, abort), staySmall(abort)])
}

interface HostSurroundings {
  readonly paths: Paths
  readonly drivers: Drivers
  readonly tokens: ReturnType<typeof tokensOf>
  readonly log: Log
  readonly open: AsyncDisposableStack
}

async function startHost(host: string, { paths, drivers, tokens, log, open }: HostSurroundings): Promise<HostAgent> {
  const home = paths.host(host)
  await mkdir(home, { recursive: true })
  const { hypervisor, network, storage, volumes } = await drivers.forHost(host, home)
  open.use(hypervisor)
  open.use(network)
  open.use(volumes)
  const metadata = open.use(
    new MetadataService({ listen: network.listen.bind(network), tokens, clock: systemClock, log }),
  )
  const specFile = openSpecFile(join(home, 'spec.json'))
  return HostAgent.start({ host, hypervisor, network, storage, volumes, metadata, specFile, clock: systemClock, log })
}
