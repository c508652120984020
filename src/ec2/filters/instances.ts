/** Filters of DescribeInstances. Source: EC2 API Reference, DescribeInstances. */
import { publicNameOf } from '../../control/addresses/of-interfaces.ts'
import type { Tags } from '../../control/tags/tags.ts'
import { type Cloud, privateName, zoneId } from '../../model/cloud.ts'
import { instanceStates, stateReasons } from '../../model/instance-states.ts'
import { absent, type FilterTable, type FilterValue, tagFilters } from '../../query/filters.ts'
import type { MetadataOptionsJson } from '../../store/tables/resources.ts'
import { type FullInstance, rootTypeOf } from '../render/instance.ts'
import { interfaceFilters } from './instance-interfaces.ts'

export interface FilteredInstance extends FullInstance {
  readonly zoneId: string
  readonly privateDns: string | undefined
  readonly publicDns: string | undefined
  readonly metadata: MetadataOptionsJson
  /** Of each interface. */
  readonly interfaceTags: readonly Tags[]
}

type Row = FilteredInstance

/** `tags` are those of the interfaces, by their ids. */
export function filteredInstance(
  cloud: Cloud,
  instance: FullInstance,
  tags: ReadonlyMap<string, Tags>,
): FilteredInstance {
  const nic = instance.interfaces[0]?.row
  const leading = instance.interfaces[0]?.addresses[0].public
  return {
    ...instance,
    zoneId: zoneId(cloud, instance.row.zone),
    privateDns: nic && privateName(cloud, nic.privateAddress),
    publicDns: leading && publicNameOf(cloud, leading),
    metadata: JSON.parse(instance.row.metadataJson) as MetadataOptionsJson,
    interfaceTags: instance.interfaces.map((it) => tags.get(it.row.id) ?? {}),
  }
}

export const instanceFilters: FilterTable<Row> = {
  ...tagFilters<Row>(),
  ...interfaceFilters,
  architecture: ({ image }) => image?.architecture,
  'availability-zone': ({ row }) => row.zone,
  'availability-zone-id': (row) => row.zoneId,
  'boot-mode': () => 'legacy-bios',
  'capacity-reservation-specification.capacity-reservation-preference': () => 'open',
  'client-token': ({ row }) => row.clientToken,
  'current-instance-boot-mode': () => 'legacy-bios',
  'dns-name': ({ publicDns }) => publicDns,
  'ebs-optimized': ({ row }) => row.ebsOptimized === 1,
  'ena-support': () => false,
  'enclave-options.enabled': () => false,
  'hibernation-options.configured': () => false,
  hypervisor: () => 'xen',
  'kernel-id': ({ boot }) => boot?.kernelId ?? undefined,
  'ramdisk-id': ({ boot }) => boot?.ramdiskId ?? undefined,
  'image-id': ({ row }) => row.imageId,
  'instance-id': ({ row }) => row.id,
  'instance-state-code': ({ row }) => instanceStates[row.state].code,
  'instance-state-name': ({ row }) => row.state,
  'instance-type': ({ row }) => row.type,
  'ip-address': ({ interfaces }) => interfaces[0]?.addresses[0].public?.publicAddress,
  'ipv6-address': ({ interfaces }) => interfaces[0]?.six,
  'key-name': ({ row }) => row.keyName,
  'launch-index': ({ row }) => row.launchIndex,
  'launch-time': ({ row }) => new Date(row.launchedAt),
  'maintenance-options.auto-recovery': () => 'default',
  'metadata-options.http-endpoint': ({ metadata }) => enabled(metadata.enabled),
  'metadata-options.http-protocol-ipv4': ({ metadata }) => enabled(metadata.enabled),
  'metadata-options.http-protocol-ipv6': ({ metadata }) => enabled(metadata.ipv6Enabled),
  'metadata-options.http-put-response-hop-limit': ({ metadata }) => metadata.hopLimit,
  'metadata-options.http-tokens': ({ metadata }) => metadata.tokens,
  'metadata-options.instance-metadata-tags': ({ metadata }) => enabled(metadata.tagsEnabled),
  'metadata-options.state': ({ row }) => (row.state === 'pending' ? 'pending' : 'applied'),
  'monitoring-state': ({ row }) => enabled(row.monitoring === 1),
  'operator.managed': () => false,
  'owner-id': ({ row }) => row.accountId,
  'platform-details': () => 'Linux/UNIX',
  'private-dns-name': ({ privateDns }) => privateDns,
  'private-dns-name-options.enable-resource-name-dns-a-record': ({ namedByResource }) => namedByResource,
  'private-dns-name-options.enable-resource-name-dns-aaaa-record': () => false,
  'private-dns-name-options.hostname-type': () => 'ip-name',
  'private-ip-address': ({ interfaces }) => interfaces[0]?.row.privateAddress,
  reason: ({ row }) => row.transitionReason,
  'reservation-id': ({ row }) => row.reservationId,
  'root-device-name': () => '/dev/sda1',
  'root-device-type': ({ image }) => rootTypeOf(image),
  'block-device-mapping.attach-time': ({ attachments }) =>
    attachments.map((it) => new Date(it.attachedAt).toISOString()),
  'block-device-mapping.delete-on-termination': ({ attachments }) =>
    attachments.map((it) => it.deleteOnTermination === 1),
  'block-device-mapping.device-name': ({ attachments }) => attachments.map((it) => it.device),
  'block-device-mapping.status': ({ attachments }) => attachments.map((it) => it.state),
  'block-device-mapping.volume-id': ({ attachments }) => attachments.map((it) => it.volumeId),
  'source-dest-check': ({ interfaces }) => interfaces[0] && interfaces[0].row.sourceDestCheck === 1,
  'state-reason-code': ({ row }) => row.stateReason && stateReasons[row.stateReason].Code,
  'state-reason-message': ({ row }) => row.stateReason && stateReasons[row.stateReason].Message,
  'subnet-id': ({ interfaces }): FilterValue => interfaces.map((it) => it.row.subnetId),
  tenancy: ({ row }) => row.tenancy,
  'usage-operation': () => 'RunInstances',
  'usage-operation-update-time': ({ row }) => new Date(row.launchedAt),
  'virtualization-type': () => 'hvm',
  'vpc-id': ({ interfaces }): FilterValue => interfaces.map((it) => it.row.vpcId),
  ...absent(
    'affinity',
    'capacity-reservation-id',
    'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id',
    'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn',
    'host-id',
    'iam-instance-profile.arn',
    'iam-instance-profile.id',
    'iam-instance-profile.name',
    'instance-lifecycle',
    'network-performance-options.bandwidth-weighting',
    'operator.principal',
    'outpost-arn',
    'placement-group-name',
    'placement-partition-number',
    'platform',
    'product-code',
    'product-code.type',
    'requester-id',
    'spot-instance-request-id',
    'tpm-support',
  ),
}

function enabled(is: boolean): string {
  return is ? 'enabled' : 'disabled'
}
