import { Fault } from '../../../base/fault.ts'
import type { HostPlace } from '../../../host-api/spec.ts'
import type { HostId } from '../../../model/ids.ts'
import { canonical, isAddress, isNetwork } from '../linux/ipv4.ts'
import { canonicalNetwork, isAddress6, isNetwork6 } from '../linux/ipv6.ts'
import { checkCloudName, checkHostName, placeNamespace } from '../linux/names.ts'

/**
 * A datacentre in namespaces of one machine, for a cloud named `cumulet`:
 *
 *     cumulet-HOST ──┐
 *     cumulet-HOST ──┼── cumulet-fabric ── cumulet-edge ── cumulet-internet
 *     cumulet-HOST ──┘    (a bridge)            │
 *                                       the machine itself
 *
 * Underlay addresses mean something inside only. Packets between the underlay and the outside are dropped.
 */
export interface BoxConfig {
  readonly cloud: string
  readonly hosts: readonly Pick<HostPlace, 'host' | 'underlayAddress'>[]
  /** All underlay addresses: `100.64.0.0/16`. */
  readonly underlay: string
  /** Bytes in a packet between hosts: the guests' MTU and 50 for VXLAN. */
  readonly underlayMtu: number
  readonly edgeAddress: string
  /** Public addresses of guests. */
  readonly publicPool: string
  /** Blocks of IPv6 of VPCs, known outside as they are. */
  readonly pool6: string
  /** The link between the edge and the internet, with the address at each end: a client lives at `client`. */
  readonly internet: { readonly network: string; readonly edge: string; readonly client: string }
  /** The same link in IPv6. */
  readonly internet6: { readonly network: string; readonly edge: string; readonly client: string }
  /** The link between the edge and the machine, so that programs of its user reach the pool; or none. */
  readonly machine: MachineLink | 'off'
}

export interface MachineLink {
  readonly network: string
  readonly edge: string
  readonly machine: string
  /** Stands for the machine in tests. Default: the namespace that we are in. */
  readonly namespace?: string
}

/**
 * The usual layout for these hosts. All its outer addresses are set aside for documentation and so nobody's.
 * Source: RFC 5737 (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24), RFC 6598 (100.64.0.0/10), RFC 3849 (2001:db8::/32).
 */
export function usualBox(cloud: string, hosts: readonly HostId[], changes: Partial<BoxConfig> = {}): BoxConfig {
  return checkBox({
    cloud,
    hosts: hosts.map((host, index) => ({ host, underlayAddress: hostAddress(index) })),
    underlay: '100.64.0.0/16',
    underlayMtu: 9100,
    edgeAddress: '100.64.0.1',
    publicPool: '203.0.113.0/24',
    pool6: '2001:db8:1000::/40',
    internet: { network: '198.51.100.0/24', edge: '198.51.100.1', client: '198.51.100.2' },
    internet6: { network: '2001:db8:ffff::/64', edge: '2001:db8:ffff::1', client: '2001:db8:ffff::2' },
    machine: { network: '192.0.2.0/30', edge: '192.0.2.2', machine: '192.0.2.1' },
    ...changes,
  })
}

/** The underlay address of the nth host in the usual layout: 100.64.1.1 and on. */
function hostAddress(index: number): string {
  return `100.64.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`
}

/** The edge, as the driver of its host wants to know it. */
export function edgePlace(config: BoxConfig): { namespace: string; address: string } {
  return { namespace: placeNamespace(config.cloud, 'edge'), address: config.edgeAddress }
}

/** A host's place in the underlay, as its driver wants to know it. Throws for a host that the box does not have. */
export function hostPlace(config: BoxConfig, host: HostId): { namespace: string; address: string } {
  const found = config.hosts.find((it) => it.host === host)
  if (!found) throw new Fault(`the box has no host ${host}`)
  return { namespace: placeNamespace(config.cloud, host), address: found.underlayAddress }
}

/** Names and addresses become arguments of commands, and names must not clash. Throws a `Fault` that says which. */
export function checkBox(config: BoxConfig): BoxConfig {
  checkCloudName(config.cloud)
  const { internet, machine } = config
  const links = machine === 'off' ? [internet] : [internet, machine]
  const networks = [config.underlay, config.publicPool, ...links.map((it) => it.network)]
  const addresses = [config.edgeAddress, internet.edge, internet.client]
  if (machine !== 'off') addresses.push(machine.edge, machine.machine)
  for (const { host, underlayAddress } of config.hosts) {
    checkHostName(host)
    addresses.push(underlayAddress)
  }
  for (const it of [config.pool6, config.internet6.network]) {
    if (!isNetwork6(it) || canonicalNetwork(it) !== it) throw new Fault(`box: not a network: ${it}`)
  }
  for (const it of [config.internet6.edge, config.internet6.client]) {
    if (!isAddress6(it)) throw new Fault(`box: not an address: ${it}`)
  }
  for (const it of networks) {
    if (!isNetwork(it) || canonical(it) !== it) throw new Fault(`box: not a network: ${it}`)
  }
  const wrong = addresses.find((it, index) => !isAddress(it) || addresses.indexOf(it) !== index)
  if (wrong !== undefined) throw new Fault(`box: not an address, or twice: ${wrong}`)
  return config
}
