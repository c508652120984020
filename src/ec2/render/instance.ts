/** Instances as answers have them. Source: EC2 API Reference, "Instance", "Reservation". */

import type { Instance, InstanceBlockDeviceMapping, InstanceNetworkInterface, Reservation } from '@aws-sdk/client-ec2'
import { publicNameOf } from '../../control/addresses/of-interfaces.ts'
import type { BootChoice } from '../../control/images/boot.ts'
import { rootDeviceOf } from '../../control/images/mappings.ts'
import type { AttachedInterface } from '../../control/instances/find.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import { type Cloud, privateName, zoneId } from '../../model/cloud.ts'
import { stateOf, stateReasons } from '../../model/instance-states.ts'
import { instanceType } from '../../model/instance-types.ts'
import type { ImageRow, InstanceRow, MetadataOptionsJson } from '../../store/tables/resources.ts'
import type { AttachmentRow } from '../../store/tables/volumes.ts'
import { renderInstanceAddress, renderShortAssociation } from './private-addresses.ts'

/** All that an answer about an instance is made of. */
export interface FullInstance {
  readonly row: InstanceRow
  readonly tags: Tags
  readonly interfaces: readonly AttachedInterface[]
  readonly image: ImageRow | undefined
  readonly boot?: BootChoice | undefined
  /** Its id is a name inside its VPC. */
  readonly namedByResource: boolean
  readonly attachments: readonly AttachmentRow[]
}

export function renderInstance(
  cloud: Cloud,
  { row, tags, interfaces, image, boot, namedByResource, attachments }: FullInstance,
): Instance {
  const primary = interfaces[0]
  const leading = primary?.addresses[0].public
  const type = instanceType(row.type)
  const ended = row.state === 'terminated'
  return {
    InstanceId: row.id,
    ImageId: row.imageId,
    ...(boot?.kernelId && { KernelId: boot.kernelId }),
    ...(boot?.ramdiskId && { RamdiskId: boot.ramdiskId }),
    State: stateOf(row.state),
    StateTransitionReason: row.transitionReason,
    ...(row.stateReason && row.stateReason !== 'pending' && { StateReason: stateReasons[row.stateReason] }),
    ...(row.state === 'pending' && { StateReason: stateReasons.pending }),
    PrivateDnsName: primary ? privateName(cloud, primary.row.privateAddress) : '',
    PublicDnsName: leading ? publicNameOf(cloud, leading) : '',
    ...(primary && {
      PrivateIpAddress: primary.row.privateAddress,
      ...(primary.six[0] !== undefined && { Ipv6Address: primary.six[0] }),
      ...(leading && { PublicIpAddress: leading.publicAddress }),
      SubnetId: primary.row.subnetId,
      VpcId: primary.row.vpcId,
      SourceDestCheck: primary.row.sourceDestCheck === 1,
      SecurityGroups: primary.groups.map(({ id, name }) => ({ GroupId: id, GroupName: name })),
    }),
    ...(!primary && { SecurityGroups: [] }),
    ...(row.keyName !== null && { KeyName: row.keyName }),
    AmiLaunchIndex: row.launchIndex,
    ProductCodes: [],
    InstanceType: row.type as NonNullable<Instance['InstanceType']>,
    LaunchTime: new Date(row.launchedAt),
    Placement: {
      AvailabilityZone: row.zone,
      AvailabilityZoneId: zoneId(cloud, row.zone),
      GroupName: '',
      Tenancy: row.tenancy as 'default',
    },
    Monitoring: { State: row.monitoring === 1 ? 'enabled' : 'disabled' },
    Architecture: (image?.architecture ?? 'x86_64') as 'x86_64',
    RootDeviceType: rootTypeOf(image),
    RootDeviceName: rootDeviceOf(image),
    BlockDeviceMappings: attachments.map(renderMapping),
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    ClientToken: row.clientToken ?? '',
    EbsOptimized: row.ebsOptimized === 1,
    EnaSupport: false,
    NetworkInterfaces: interfaces.map((it) => renderAttached(cloud, it)),
    Tags: tagList(tags),
    ...(type && {
      CpuOptions: { CoreCount: Math.max(1, Math.ceil(type.vcpus / 2)), ThreadsPerCore: type.vcpus > 1 ? 2 : 1 },
    }),
    CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
    HibernationOptions: { Configured: false },
    MetadataOptions: renderMetadataOptions(row, ended),
    EnclaveOptions: { Enabled: false },
    BootMode: 'legacy-bios',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    UsageOperationUpdateTime: new Date(row.launchedAt),
    ...(primary && {
      PrivateDnsNameOptions: {
        HostnameType: 'ip-name',
        EnableResourceNameDnsARecord: namedByResource,
        EnableResourceNameDnsAAAARecord: false,
      },
    }),
    MaintenanceOptions: { AutoRecovery: 'default' },
    CurrentInstanceBootMode: 'legacy-bios',
  }
}

export function rootTypeOf(image: ImageRow | undefined): 'ebs' | 'instance-store' {
  return image?.rootSnapshotId ? 'ebs' : 'instance-store'
}

export function renderMapping(row: AttachmentRow): InstanceBlockDeviceMapping {
  return {
    DeviceName: row.device,
    Ebs: {
      VolumeId: row.volumeId,
      Status: row.state,
      AttachTime: new Date(row.attachedAt),
      DeleteOnTermination: row.deleteOnTermination === 1,
    },
  }
}

export function renderMetadataOptions(row: InstanceRow, ended = false): NonNullable<Instance['MetadataOptions']> {
  const options = JSON.parse(row.metadataJson) as MetadataOptionsJson
  return {
    State: row.state === 'pending' || ended ? 'pending' : 'applied',
    HttpTokens: options.tokens,
    HttpPutResponseHopLimit: options.hopLimit,
    HttpEndpoint: options.enabled ? 'enabled' : 'disabled',
    HttpProtocolIpv6: options.ipv6Enabled ? 'enabled' : 'disabled',
    InstanceMetadataTags: options.tagsEnabled ? 'enabled' : 'disabled',
  }
}

function renderAttached(cloud: Cloud, { row, addresses, six, groups }: AttachedInterface): InstanceNetworkInterface {
  const leading = addresses[0].public
  return {
    NetworkInterfaceId: row.id,
    SubnetId: row.subnetId,
    VpcId: row.vpcId,
    OwnerId: row.accountId,
    Description: row.description,
    Status: 'in-use',
    MacAddress: row.mac,
    PrivateIpAddress: row.privateAddress,
    PrivateDnsName: privateName(cloud, row.privateAddress),
    SourceDestCheck: row.sourceDestCheck === 1,
    InterfaceType: 'interface',
    Groups: groups.map(({ id, name: GroupName }) => ({ GroupId: id, GroupName })),
    Attachment: {
      AttachmentId: row.attachmentId ?? undefined,
      DeviceIndex: row.deviceIndex ?? 0,
      Status: row.attachmentState,
      AttachTime: new Date(row.attachedAt ?? row.createdAt),
      DeleteOnTermination: row.deleteOnTermination === 1,
      NetworkCardIndex: 0,
    },
    PrivateIpAddresses: addresses.map((it) => renderInstanceAddress(cloud, it)),
    Ipv6Addresses: six.map((Ipv6Address) => ({ Ipv6Address, IsPrimaryIpv6: false })),
    ...(leading && { Association: renderShortAssociation(cloud, leading) }),
  }
}

/** Instances of one reservation, in the order of their launch index. */
export function renderReservation(cloud: Cloud, instances: readonly FullInstance[]): Reservation {
  const sorted = instances.toSorted((a, b) => a.row.launchIndex - b.row.launchIndex)
  const first = sorted[0]
  return {
    ReservationId: first?.row.reservationId,
    OwnerId: first?.row.accountId,
    Groups: [],
    Instances: sorted.map((it) => renderInstance(cloud, it)),
  }
}
