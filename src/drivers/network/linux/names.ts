import { Fault } from '../../../base/fault.ts'
import type { NatId, WireId } from '../../../host-api/spec.ts'
import type { HostId, InterfaceId, VpcId } from '../../../model/ids.ts'
import { isId } from '../../../model/ids.ts'

/**
 * Names of the things that a cloud makes on a machine. All of them derive from ids, so that whoever comes next finds
 * them. A cloud's name has no hyphen: `NAME-` begins the namespaces of this cloud and of no other.
 */
export function checkCloudName(cloud: string): string {
  if (!/^[a-z][a-z0-9]{0,9}$/.test(cloud)) throw new Fault(`not a name for a cloud: ${JSON.stringify(cloud)}`)
  return cloud
}

const reserved = new Set(['edge', 'fabric', 'internet'])

/** Whether a host may be called so: the box has places of its own. */
export function checkHostName(host: HostId): HostId {
  if (/^[a-z0-9][a-z0-9.-]{0,62}$/.test(host) && !reserved.has(host)) return host
  throw new Fault(`not a name for a host: ${JSON.stringify(host)}`)
}

/** The namespace that stands for a host, or one of the box's own places: `edge`, `fabric`, `internet`. */
export function placeNamespace(cloud: string, place: HostId): string {
  return `${cloud}-${place}`
}

/** The namespace of a VPC's router on a host, or at the edge if `place` is `edge`. */
export function routerNamespace(cloud: string, place: HostId, vpc: VpcId): string {
  return `${cloud}-${place}-${vpc}`
}

/** The VPC whose router on `place` a namespace is, if it is one. */
export function vpcOfNamespace(cloud: string, place: HostId, namespace: string): VpcId | undefined {
  const prefix = `${cloud}-${place}-`
  const rest = namespace.slice(prefix.length)
  return namespace.startsWith(prefix) && isId('vpc', rest) ? rest : undefined
}

/** Name of a vif's tap: 56 bits of its id, which all fit into the 15 characters that Linux leaves for a name. */
export function tapName(vif: InterfaceId): string {
  return `t${vif.slice('eni-'.length).slice(-14)}`
}

/** Name of the edge's end of the wire to a VPC's router at the edge, or to a NAT in it. */
export function wireName(id: VpcId | NatId): string {
  return id.startsWith('nat-') ? `vn${id.slice('nat-'.length).slice(-13)}` : `v${id.slice('vpc-'.length).slice(-14)}`
}

/** Name of both ends of a wire between the routers of two VPCs on a host. */
export function peerWireName(id: WireId): string {
  return `p${id.slice('pcx-'.length).slice(-14)}`
}

/** Name of the inner end of the wire that a NAT of a VPC's router at the edge has to the edge. */
export function natWireName(id: NatId): string {
  return `n${id.slice('nat-'.length).slice(-14)}`
}

/** Whether a device is an end of a wire between routers, or of a NAT. */
export function isWire(device: string): boolean {
  return /^[np]([0-9a-f]{8}|[0-9a-f]{14})$/.test(device)
}

/** Where the driver of a host keeps what must live exactly as long as the namespaces: gone after a reboot, as they are. */
export function stateDirectory(cloud: string, place?: HostId): string {
  return `/run/${cloud}/network${place === undefined ? '' : `/${place}`}`
}

/** To a guest, every frame comes from here. */
export const routerMac = 'fe:ff:ff:ff:ff:ff'

/** The MAC of a router's end of the overlay, made from its host's underlay address: nobody needs to ask for it. */
export function overlayMac(underlayAddress: string): string {
  const bytes = underlayAddress.split('.').map((it) => Number(it).toString(16).padStart(2, '0'))
  return ['0e', 'fc', ...bytes].join(':')
}

/** Every router's own address on its links, of which its guests hear by router advertisement. */
export const gateway6 = 'fe80::1'

/** The metadata service, and the router's own address in every VPC. Source: EC2 User Guide, "Instance metadata". */
export const metadataAddress = '169.254.169.254'
