/** What a guest may learn of itself, from the rows. */
import { isSix } from '../../base/ipv6.ts'
import { type Cloud, privateName, zoneId } from '../../model/cloud.ts'
import type { SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import { type InterfaceAddress, publicNameOf } from '../addresses/of-interfaces.ts'
import { rootDeviceOf } from '../images/mappings.ts'
import { disksOfInstance } from '../instances/disks.ts'
import type { Guest, GuestInterface } from '../instances/guest.ts'
import type { AddressFacts, InstanceMetadataFacts, InterfaceFacts } from './tree.ts'

export interface MetadataSurroundings {
  readonly vpc: VpcRow
  /** Blocks of the VPC beside its first, of both versions of IP. */
  readonly otherCidrs: readonly string[]
  readonly subnetBlocks6: ReadonlyMap<string, { readonly cidr: string }>
  readonly subnets: readonly SubnetRow[]
  readonly showTags: boolean
}

export function metadataOf(cloud: Cloud, guest: Guest, around: MetadataSurroundings): InstanceMetadataFacts {
  const { instance, image, interfaces, tags } = guest
  const [primary, ...others] = interfaces.map((it) => interfaceFacts(cloud, guest, it, around))
  return {
    account: instance.accountId,
    architecture: image.architecture as InstanceMetadataFacts['architecture'],
    zone: instance.zone,
    zoneId: zoneId(cloud, instance.zone),
    region: cloud.region,
    image: image.id,
    instance: instance.id,
    type: instance.type,
    pendingTime: new Date(instance.launchedAt),
    privateAddress: primary!.addresses[0].address, // every instance has an interface while it has a host
    launchIndex: instance.launchIndex,
    reservation: instance.reservationId,
    virtualization: 'hvm',
    hypervisor: 'xen',
    hostname: primary!.hostname,
    ...(instance.keyName !== null &&
      instance.publicKey !== null && { key: { name: instance.keyName, publicKey: instance.publicKey } }),
    rootDevice: rootDeviceOf(image),
    blockDevices: Object.fromEntries(disksOfInstance(cloud, instance, image).map((it) => [it.virtual, it.name])),
    interfaces: [primary!, ...others],
    disks: guest.plugged.names,
    ...(around.showTags && { tags }),
    detailedMonitoring: instance.monitoring === 1,
    services,
  }
}

const services = { domain: 'amazonaws.com', partition: 'aws' }

function interfaceFacts(
  cloud: Cloud,
  { groupsOf, addressesOf, addresses6 }: Guest,
  nic: GuestInterface,
  { vpc, otherCidrs, subnets, subnetBlocks6 }: MetadataSurroundings,
): InterfaceFacts {
  const [primary, ...others] = addressesOf(nic.id)
  const subnet = subnets.find((it) => it.id === nic.subnetId)
  return {
    id: nic.id,
    deviceNumber: nic.deviceIndex ?? 0,
    mac: nic.mac,
    owner: nic.accountId,
    hostname: privateName(cloud, nic.privateAddress),
    addresses: [addressFacts(cloud, primary), ...others.map((it) => addressFacts(cloud, it))],
    groups: groupsOf.get(nic.id) ?? [],
    subnet: { id: nic.subnetId, cidr: subnet?.cidr ?? '' },
    vpc: { id: nic.vpcId, cidrs: [vpc.cidr, ...otherCidrs.filter((it) => !isSix(it))] },
    six: {
      addresses: addresses6.get(nic.id) ?? [],
      subnet: subnetBlocks6.get(nic.subnetId)?.cidr,
      vpc: otherCidrs.filter(isSix),
    },
  }
}

function addressFacts(cloud: Cloud, { address, public: it }: InterfaceAddress): AddressFacts {
  const leading = it && { address: it.publicAddress, ...(it.named && { hostname: publicNameOf(cloud, it) }) }
  return { address, ...(leading && { public: leading }) }
}
