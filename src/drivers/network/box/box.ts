import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault, systemCode } from '../../../base/fault.ts'
import { run } from '../../../base/subprocess.ts'
import type { HostId } from '../../../model/ids.ts'
import { endServers } from '../linux/dnsmasq.ts'
import { readKernelState } from '../linux/kernel-state.ts'
import { checkCloudName, placeNamespace, stateDirectory, vpcOfNamespace } from '../linux/names.ts'
import {
  deleteNamespace,
  ipBatch,
  listNamespaces,
  makeNamespace,
  namespaceExists,
  nftTransaction,
  selector,
  setSysctls,
} from '../linux/namespace.ts'
import { removeNamespace, removeWire } from '../linux/remove.ts'
import { together } from '../linux/turns.ts'
import type { BoxConfig, MachineLink } from './layout.ts'
import { type Cable, cables, machineDevice, machineLines, type Place, places } from './places.ts'

/**
 * Makes the box be as configured: adds what is missing, leaves what is right, may be repeated after dying anywhere. Hosts
 * that `config` no longer has stay: only `lower` removes. Of the machine's own namespace it touches one link, its address
 * and its route to the public pool; it fails where a route to the pool leads elsewhere.
 */
export async function raise(config: BoxConfig, abort: AbortSignal): Promise<void> {
  const all = places(config)
  await remember(config)
  for (const it of all) prepare(it)
  await makeBridge(config, abort)
  for (const it of cables(config)) await plugIn(it, abort)
  await together(...all.map((it) => ipBatch(it.namespace, it.lines, abort)))
  if (config.machine !== 'off') {
    await routeFromMachine(config, config.machine, abort)
  }
}

/**
 * Removes everything of this cloud from the machine, and nothing else: routers and their DHCP, namespaces, the machine's
 * link to the edge. Resolves at once where there is nothing. Processes that others run in a namespace keep running, cut off.
 */
export async function lower(cloud: string, abort: AbortSignal, machine?: string): Promise<void> {
  const ours = await namespacesOf(checkCloudName(cloud))
  await endServers(stateDirectory(cloud))
  const device = machineDevice(cloud)
  const { links } = readKernelState(machine)
  if (links.has(device)) await ipBatch(machine, [`link del dev ${device}`], abort)
  await together(...ours.filter(isRouter).map((it) => removeNamespace(it, abort)))
  for (const it of ours) if (!isRouter(it)) deleteNamespace(it)
  await rm(stateDirectory(cloud), { recursive: true, force: true })
  await removeIfEmpty(dirname(stateDirectory(cloud)))
}

/** Removes a host's place in the box, and with it its port of the fabric. Its routers are its driver's to remove. */
export function removeHost({ cloud }: BoxConfig, host: HostId): void {
  deleteNamespace(placeNamespace(cloud, host))
}

export interface BoxStatus {
  /** Every namespace of this cloud: the box's and the routers'. */
  readonly namespaces: readonly string[]
  /** What `raise` would make: namespaces and `NAMESPACE/DEVICE`. Empty when the box is up. */
  readonly missing: readonly string[]
}

/** Looks at what is there; changes nothing. */
export async function inspect(config: BoxConfig): Promise<BoxStatus> {
  const names = await namespacesOf(config.cloud)
  const namespaces = names.filter(namespaceExists)
  const wanted = places(config).map((it) => it.namespace)
  const absent = wanted.filter((it) => !namespaces.includes(it))
  const present = wanted.filter((it) => namespaces.includes(it))
  const states = new Map(present.map((it) => [it, readKernelState(it)]))
  const unplugged = cables(config).filter((it) => states.get(it.namespace)?.links.get(it.device)?.up !== true)
  return { namespaces, missing: [...absent, ...unplugged.map((it) => `${it.namespace}/${it.device}`)] }
}

/** Hosts are written down before anything is made for them: `lower` shall find them, and touch nothing that looks alike. */
async function remember({ cloud, hosts }: BoxConfig): Promise<void> {
  const known = new Set([...(await hostsOf(cloud)), ...hosts.map((it) => it.host)])
  await mkdir(stateDirectory(cloud), { recursive: true, mode: 0o755 })
  await writeFile(`${stateDirectory(cloud)}/hosts.new`, JSON.stringify([...known]))
  await rename(`${stateDirectory(cloud)}/hosts.new`, `${stateDirectory(cloud)}/hosts.json`)
}

async function hostsOf(cloud: string): Promise<string[]> {
  try {
    return JSON.parse(await readFile(`${stateDirectory(cloud)}/hosts.json`, 'utf8')) as string[]
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return []
    throw cause
  }
}

/** Namespaces that exist of those this cloud can have made: its places, and routers in them. */
async function namespacesOf(cloud: string): Promise<string[]> {
  const places = ['edge', 'fabric', 'internet', ...(await hostsOf(cloud))]
  const isOurs = (it: string) =>
    places.some((place) => it === placeNamespace(cloud, place) || vpcOfNamespace(cloud, place, it) !== undefined)
  return (await listNamespaces()).filter(isOurs).sort()
}

function prepare(place: Place): void {
  makeNamespace(place.namespace)
  setSysctls(place.namespace, place.sysctls)
  if (place.tables) nftTransaction(place.namespace, place.tables)
}

async function makeBridge(config: BoxConfig, abort: AbortSignal): Promise<void> {
  const namespace = placeNamespace(config.cloud, 'fabric')
  const { links } = readKernelState(namespace)
  const line = 'link add bridge type bridge stp_state 0 forward_delay 0 mcast_snooping 0'
  if (!links.has('bridge')) await ipBatch(namespace, [line], abort)
}

/**
 * Both ends are made in one step, so a cable is there or not. One end alone is of a namespace that was deleted: the kernel takes it away
 * too, a while later, and would then have taken it from under us. Source: Linux, net/core/net_namespace.c (cleanup_net).
 */
async function plugIn({ namespace, device, mtu, peer }: Cable, abort: AbortSignal): Promise<void> {
  const ends = [
    { namespace, device },
    { namespace: peer.namespace, device: peer.device },
  ]
  const present = ends.filter((it) => readKernelState(it.namespace).links.has(it.device))
  if (present.length === ends.length) return
  for (const it of present) await removeWire(it.namespace, it.device, abort)
  const line = `link add ${peer.device} mtu ${mtu} type veth peer name ${device} mtu ${mtu} netns ${namespace}`
  await ipBatch(peer.namespace, [line], abort)
}

/** A route to the pool that is not ours is somebody else's decision. */
async function routeFromMachine(config: BoxConfig, link: MachineLink, abort: AbortSignal): Promise<void> {
  const command = [...selector(link.namespace), '-json', 'route', 'show', 'exact', config.publicPool]
  const found = JSON.parse((await run('ip', command, { abort })) || '[]') as readonly { readonly dev?: string }[]
  const other = found.find((it) => it.dev !== machineDevice(config.cloud))
  if (other) throw new Fault(`${config.publicPool} is already routed to ${other.dev ?? 'nowhere'} on this machine`)
  await ipBatch(link.namespace, machineLines(config, link), abort)
}

function isRouter(namespace: string): boolean {
  return /-vpc-[0-9a-f]+$/.test(namespace)
}

/** Others may keep things of the cloud beside ours. */
async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory)
  } catch (cause) {
    if (!['ENOENT', 'ENOTEMPTY'].includes(systemCode(cause) ?? '')) throw cause
  }
}
