/** The agent process of a box: one agent for each of its hosts. It outlives the control plane, its guests outlive it. */
import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { lockDirectory } from '../../base/lock.ts'
import type { Log } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { Slots } from '../../base/slots.ts'
import { HostAgent } from '../../host/agent.ts'
import type { AskOthers } from '../../host/dns/resolvers.ts'
import { DnsService } from '../../host/dns/service.ts'
import { keepLink } from '../../host/link.ts'
import { MetadataService } from '../../host/metadata/service.ts'
import { openTokenKey, tokensOf } from '../../host/metadata/tokens.ts'
import { GuestTurns } from '../../host/metadata/turns.ts'
import { ObjectsService } from '../../host/objects/service.ts'
import { openSpecFile } from '../../host/spec-file.ts'
import { lostHosts } from '../hosts.ts'
import { openProcessLog } from '../process-log.ts'
import { recordProcess } from '../running.ts'
import { hostsOf, objectsSocketOf, type Paths, type Settings, shareOf } from '../settings.ts'
import { staySmall } from '../small.ts'
import { type Drivers, openDrivers } from './drivers.ts'
import { openResolvers, serveOutside } from './names.ts'

/** Runs until aborted. */
export async function runAgent(paths: Paths, settings: Settings, abort: AbortSignal): Promise<void> {
  await using open = new AsyncDisposableStack()
  await mkdir(paths.run, { recursive: true, mode: 0o700 })
  open.use(lockDirectory(paths.run))
  const log = await openProcessLog('agent', paths, settings, process.env)
  await recordProcess(paths.agentState)
  const drivers = await openDrivers(paths, settings, log)
  if (drivers.parking) open.use(drivers.parking)
  const tokens = tokensOf(await openTokenKey(join(paths.keys, 'metadata'), systemRandom), systemRandom)
  const askOthers = await openResolvers(settings)
  const comingUp = new Slots(Math.max(2, availableParallelism()))
  const turns = open.use(new GuestTurns(comingUp, systemClock))
  const agents: HostAgent[] = []
  const lost = await lostHosts(paths)
  for (const { id, isEdge } of hostsOf(settings).filter((it) => !lost.has(it.id))) {
    const common = {
      paths,
      drivers,
      tokens,
      askOthers,
      comingUp,
      turns,
      objectsSocket: objectsSocketOf(paths, settings),
      open,
    }
    const around = { ...common, log: log.child({ host: id }) }
    const { agent, dns } = await startHost(id, around)
    agents.push(open.use(agent))
    if (isEdge) void serveOutside(dns, settings, log, abort)
  }
  const { memoryMiB, cores } = shareOf(settings)
  const capacity = { memoryMiB, cores, diskGiB: await drivers.diskGiB(), accelerator: drivers.accelerator }
  const capacities = new Map(agents.map((it) => [it.host, capacity]))
  log.info({ hosts: agents.map((it) => it.host), accelerator: drivers.accelerator }, 'the agent runs')
  const link = { socket: paths.agentsSocket, agents, capacities, lost: [...lost], clock: systemClock, log }
  await Promise.all([keepLink(link, abort), staySmall(abort)])
}

interface HostSurroundings {
  readonly paths: Paths
  readonly drivers: Drivers
  readonly tokens: ReturnType<typeof tokensOf>
  readonly askOthers: AskOthers
  readonly comingUp: Slots
  readonly turns: GuestTurns
  readonly objectsSocket: string
  readonly log: Log
  readonly open: AsyncDisposableStack
}

async function startHost(host: string, around: HostSurroundings): Promise<{ agent: HostAgent; dns: DnsService }> {
  const { paths, drivers, tokens, askOthers, comingUp, turns, objectsSocket, log, open } = around
  const home = paths.host(host)
  await mkdir(home, { recursive: true })
  const { hypervisor, network, storage, volumes } = await drivers.forHost(host, home)
  open.use(hypervisor)
  open.use(network)
  open.use(volumes)
  const clock = systemClock
  const metadata = open.use(new MetadataService({ listen: network.listen.bind(network), tokens, turns, clock, log }))
  const dns = open.use(new DnsService({ bind: network.bind.bind(network), askOthers, clock, log }))
  const specFile = openSpecFile(join(home, 'spec.json'))
  const drives = {
    hypervisor,
    network,
    storage,
    volumes,
    ...(drivers.parking && { parking: drivers.parking }),
    comingUp,
  }
  const objects = open.use(new ObjectsService({ listen: network.listen.bind(network), socket: objectsSocket, log }))
  const agent = await HostAgent.start({ host, ...drives, metadata, dns, objects, specFile, clock, log })
  return { agent, dns }
}
