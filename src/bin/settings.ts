/** Where a cloud lives and what it is: chosen at its first start, read at every other. */
import { once } from 'node:events'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { availableParallelism, homedir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { Fault, systemCode } from '../base/fault.ts'
import type { Cloud } from '../model/cloud.ts'
import { checkSettings } from './check-settings.ts'
import { chooseDns, type DnsChoices, type DnsSettings, sameDns, usualDns } from './dns-settings.ts'
import { freeLink, freePool, type MachineLinkChoice, networksInUse, requireFree } from './networks.ts'

export interface Settings {
  readonly version: 1
  /** What the names of its namespaces and other things on the machine begin with. */
  readonly name: string
  readonly hypervisor: 'qemu' | 'fake'
  readonly listen: { readonly host: string; readonly port: number }
  readonly region: string
  /** The data directory of the cloud whose accounts and objects this region shares, if it is not the first. */
  readonly join?: string
  readonly zones: readonly string[]
  readonly hostsPerZone: number
  readonly scale: number
  readonly publicNetwork: string
  /** Where VPCs get their blocks of IPv6 from. */
  readonly ipv6Network: string
  readonly dns: DnsSettings
  /** The wire by which the machine's own network reaches the guests' public addresses. */
  readonly machineLink: MachineLinkChoice | 'off'
  /** What all guests together may take of the machine. */
  readonly memoryMiB: number
  /** How many elastic addresses an account may have, where it is not the usual number. */
  readonly elasticAddresses?: number
  /** How long a volume that was changed cannot be changed again, where it is not the usual time. */
  readonly volumeCooldownHours?: number
  /** False: every guest boots, where it would be woken as a copy of one that did. */
  readonly waking?: boolean
  /** How many machines stand by for the next launches; one where it is not said. */
  readonly standbys?: number
  /** True: what launches take is written to files, stage by stage, for OpenTelemetry. */
  readonly traces?: boolean
  /** What images out of bundles may take of the disk, if others can go for them; 20 where it is not said. */
  readonly imageCacheGiB?: number
}

export type Choices = Partial<
  Pick<
    Settings,
    'name' | 'hypervisor' | 'region' | 'join' | 'hostsPerZone' | 'scale' | 'memoryMiB' | 'publicNetwork' | 'ipv6Network'
  >
> &
  DnsChoices & {
    readonly port?: number
    /** False: none. */
    readonly machineLink?: boolean
    readonly host?: string
    readonly zones?: readonly string[]
  }

/** Every path of a cloud, from its data directory. */
export function pathsOf(directory: string) {
  const data = resolve(directory)
  return {
    data,
    settings: join(data, 'cloud.json'),
    lostHosts: join(data, 'lost-hosts.json'),
    store: join(data, 'store'),
    keys: join(data, 'keys'),
    cache: join(data, 'cache'),
    images: join(data, 'images'),
    objects: join(data, 'objects'),
    regions: join(data, 'regions'),
    objectsElsewhere: join(data, 's3.json'),
    snapshots: join(data, 'snapshots'),
    volumeKeys: join(data, 'volume-keys'),
    volumes: join(data, 'volumes'),
    parked: join(data, 'parked'),
    heirs: join(data, 'heirs'),
    logs: join(data, 'logs'),
    controlLog: join(data, 'logs', 'control.log'),
    agentLog: join(data, 'logs', 'agent.log'),
    controlTraces: join(data, 'logs', 'control-traces.jsonl'),
    agentTraces: join(data, 'logs', 'agent-traces.jsonl'),
    run: join(data, 'run'),
    agentsSocket: join(data, 'run', 'agents.sock'),
    objectsSocket: join(data, 'run', 'objects.sock'),
    controlState: join(data, 'run', 'control.json'),
    agentState: join(data, 'run', 'agent.json'),
    profile: join(data, 'profile.json'),
    awsConfig: join(data, 'aws-config'),
    awsCredentials: join(data, 'aws-credentials'),
    shell: join(data, 'cumuletrc'),
    commands: join(data, 'bin'),
    host: (host: string) => join(data, 'hosts', host),
  }
}

export type Paths = ReturnType<typeof pathsOf>

/** `$CUMULET_HOME`, or a place that fits who is asking. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv, isRoot: boolean): string {
  return (
    env['CUMULET_HOME'] ??
    (isRoot ? '/var/lib/cumulet' : join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'cumulet'))
  )
}

/** The settings of the cloud in this directory; made from `choices` and the machine where it is new, clear of the networks `taken`. */
export async function settle(paths: Paths, choices: Choices, taken: readonly string[] = []): Promise<Settings> {
  const kept = await readSettings(paths)
  if (kept) return withPort(refuseOtherChoices(kept, choices))
  const inUse = choices.hypervisor === 'fake' ? [] : await networksInUse()
  const made = await withPort(checkSettings(freshSettings(choices, [...inUse, ...taken])))
  await mkdir(paths.data, { recursive: true, mode: 0o755 })
  await writeFile(`${paths.settings}.new`, `${JSON.stringify(made, null, 2)}\n`)
  await rename(`${paths.settings}.new`, paths.settings)
  return made
}

/** Port 0 is any that is free, chosen before anybody is told of the endpoint. */
async function withPort(settings: Settings): Promise<Settings> {
  const { host, port } = settings.listen
  if (port !== 0) return settings
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port: free } = server.address() as AddressInfo // of TCP
  server.close()
  await once(server, 'close')
  return { ...settings, listen: { host, port: free } }
}

export async function readSettings(paths: Paths): Promise<Settings | undefined> {
  try {
    const kept = JSON.parse(await readFile(paths.settings, 'utf8')) as Omit<Settings, 'dns' | 'ipv6Network'> &
      Partial<Settings>
    return { ...kept, dns: kept.dns ?? usualDns, ipv6Network: kept.ipv6Network ?? usualIpv6Network }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new Fault(`The settings in ${paths.settings} cannot be read`, { cause: error })
  }
}

/** What a region is called that nobody named. */
export const usualRegion = 'us-west-2'

/** Set aside for documentation, and so nobody's. Source: RFC 3849. */
const usualIpv6Network = '2001:db8:1000::/40'

function freshSettings(choices: Choices, inUse: readonly string[]): Settings {
  if (choices.publicNetwork !== undefined) requireFree(choices.publicNetwork, inUse)
  const memoryMiB = choices.memoryMiB ?? Math.floor((totalmem() / 2 ** 20) * 0.75)
  const zones = choices.zones ?? ['a', 'b', 'c']
  const hostsPerZone = choices.hostsPerZone ?? 1
  return {
    version: 1,
    name: choices.name ?? 'cumulet',
    hypervisor: choices.hypervisor ?? 'qemu',
    listen: { host: choices.host ?? '127.0.0.1', port: choices.port ?? 8773 },
    region: choices.region ?? usualRegion,
    ...(choices.join !== undefined && { join: resolve(choices.join) }),
    zones,
    hostsPerZone,
    scale: choices.scale ?? fittingScale(memoryMiB / (zones.length * hostsPerZone)),
    publicNetwork: choices.publicNetwork ?? freePool(inUse),
    ipv6Network: choices.ipv6Network ?? usualIpv6Network,
    dns: chooseDns(choices),
    machineLink: choices.machineLink === false ? 'off' : freeLink(inUse),
    memoryMiB,
  }
}

/** What is said of a cloud once stays: another answer needs another data directory, or `reset`. */
function refuseOtherChoices(kept: Settings, choices: Choices): Settings {
  for (const name of chosenOnce) {
    if (choices[name] !== undefined && choices[name] !== kept[name]) refuseOther(`${name} ${kept[name]}`)
  }
  if (choices.join !== undefined && resolve(choices.join) !== kept.join)
    refuseOther(kept.join === undefined ? 'accounts of its own' : `the accounts in ${kept.join}`)
  if (!sameDns(choices, kept.dns)) refuseOther('other names, or another port or resolvers for them')
  if (choices.machineLink === false && kept.machineLink !== 'off') refuseOther('its machine link')
  if (choices.port === undefined && choices.host === undefined) return checkSettings(kept)
  const listen = { host: choices.host ?? kept.listen.host, port: choices.port ?? kept.listen.port }
  return checkSettings({ ...kept, listen })
}

const chosenOnce = [
  'name',
  'hypervisor',
  'region',
  'hostsPerZone',
  'scale',
  'memoryMiB',
  'publicNetwork',
  'ipv6Network',
] as const

function refuseOther(made: string): never {
  throw new Fault(`This cloud was made with ${made}. Use another --data directory, or cumulet reset.`)
}

/** m1.xlarge: the type that shall still fit twice on a host. */
const yardstickMiB = 15 * 1024

/** The smallest power of two that makes an m1.xlarge fit twice on a host of this size. */
function fittingScale(hostMiB: number): number {
  let scale = 1
  while ((yardstickMiB / scale) * 2 > hostMiB && scale < 64) scale *= 2
  return scale
}

/** Guesses: without KVM a core is worth one ECU of 2007; with it, about five. */
const ecuPerCore = { kvm: 5, tcg: 1, none: 5 } as const

/** The cloud as the control plane knows it. */
export function cloudOf(settings: Settings, accelerator: keyof typeof ecuPerCore): Cloud {
  const base = settings.publicNetwork.split('.').slice(0, 3).join('.')
  return {
    region: settings.region,
    zones: settings.zones,
    dns: settings.dns,
    scale: settings.scale,
    ecuPerCore: ecuPerCore[accelerator],
    pool6: settings.ipv6Network,
    publicPool: { first: `${base}.10`, last: `${base}.250` },
    endpoint: endpointOf(settings),
    ...(settings.elasticAddresses !== undefined && { elasticAddresses: settings.elasticAddresses }),
    ...(settings.volumeCooldownHours !== undefined && { volumeCooldownHours: settings.volumeCooldownHours }),
  }
}

/** The endpoint that clients are given: a name that they can reach, where it listens on all addresses. */
export function endpointOf({ listen: { host, port } }: Pick<Settings, 'listen'>): string {
  return urlOf({ host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port })
}

export function urlOf({ host, port }: Settings['listen']): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Where the object store listens for guests: that of the first region of the cloud. */
export function objectsSocketOf(paths: Paths, { join: home }: Settings): string {
  return home === undefined ? paths.objectsSocket : pathsOf(home).objectsSocket
}

export interface BoxHost {
  readonly id: string
  readonly zone: string
  readonly isEdge: boolean
}

/** The hosts of the box: some in each zone, and the edge. */
export function hostsOf(settings: Settings): BoxHost[] {
  const guests = settings.zones.flatMap((zone) =>
    Array.from({ length: settings.hostsPerZone }, (_, index) => ({
      id: `${zone}${index + 1}`,
      zone: `${settings.region}${zone}`,
      isEdge: false,
    })),
  )
  return [...guests, { id: 'edge1', zone: settings.region, isEdge: true }]
}

/** What one host of the box may give to guests. */
export function shareOf(settings: Settings): { memoryMiB: number; cores: number } {
  const count = settings.zones.length * settings.hostsPerZone
  return { memoryMiB: Math.floor(settings.memoryMiB / count), cores: availableParallelism() }
}

/** The settings of a cloud that must be there already. */
export async function requireSettings(paths: Paths): Promise<Settings> {
  const settings = await readSettings(paths)
  if (!settings)
    throw new Fault(`There is no cloud in ${paths.data}. Start one with npm start, or name another with --data.`)
  return settings
}
