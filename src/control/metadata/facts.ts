/** What a guest may learn of itself, from the rows. */
import { type Cloud, privateName, publicName, zoneId } from '../../model/cloud.ts'
import type { InterfaceRow, SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import { disksOfType, rootDevice } from '../instances/disks.ts'
import type { Guest } from '../instances/guest.ts'
import type { InstanceMetadataFacts, InterfaceFacts } from './tree.ts'

export interface MetadataSurroundings {
  readonly vpc: VpcRow
  readonly subnets: readonly SubnetRow[]
  readonly groupsOf: ReadonlyMap<string, readonly { readonly id: `sg-${string}`; readonly name: string }[]>
  readonly showTags: boolean
}

export function metadataOf(cloud: Cloud, guest: Guest, around: MetadataSurroundings): InstanceMetadataFacts {
  const { instance, image, interfaces, tags } = guest
  const [primary, ...others] = interfaces.map((it) => interfaceFacts(cloud, it, around))
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
    privateAddress: primary!.address, // every instance has an interface while it has a host
    launchIndex: instance.launchIndex,
    reservation: instance.reservationId,
    virtualization: 'hvm',
    hypervisor: 'xen',
    hostname: primary!.hostname,
    ...(instance.keyName !== null &&
      instance.publicKey !== null && { key: { name: instance.keyName, publicKey: instance.publicKey } }),
    rootDevice: `/dev/${rootDevice}`,
    blockDevices: blockDevices(cloud, instance.type),
    interfaces: [primary!, ...others],
    ...(around.showTags && { tags }),
    detailedMonitoring: instance.monitoring === 1,
    services: { domain: 'amazonaws.com', partition: 'aws' },
  }
}

function blockDevices(cloud: Cloud, type: string): Record<string, string> {
  const { ephemeral, swap } = disksOfType(cloud, type)
  const disks = ephemeral.map(({ name }, index) => [`ephemeral${index}`, name])
  return { ...Object.fromEntries(disks), ...(swap && { swap: swap.name }) }
}

function interfaceFacts(
  cloud: Cloud,
  nic: InterfaceRow,
  { vpc, subnets, groupsOf }: MetadataSurroundings,
): InterfaceFacts {
  const subnet = subnets.find((it) => it.id === nic.subnetId)
  return {
    id: nic.id,
    deviceNumber: nic.deviceIndex ?? 0,
    mac: nic.mac,
    owner: nic.accountId,
    address: nic.privateAddress,
    hostname: privateName(cloud, nic.privateAddress),
    ...(nic.publicAddress !== null && {
      public: { address: nic.publicAddress, hostname: publicName(cloud, nic.publicAddress) },
    }),
    groups: groupsOf.get(nic.id) ?? [],
    subnet: { id: nic.subnetId, cidr: subnet?.cidr ?? '' },
    vpc: { id: nic.vpcId, cidrs: [vpc.cidr] },
  }
}
