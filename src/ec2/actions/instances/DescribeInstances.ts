import { listInstances } from '../../../control/instances/find.ts'
import { privateName, publicName } from '../../../model/cloud.ts'
import { instanceStates, stateReasons } from '../../../model/instance-states.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { fullInstances } from '../../full-instances.ts'
import { type FullInstance, renderReservation } from '../../render/instance.ts'

interface Row extends FullInstance {
  readonly id: string
  readonly privateDns: string | undefined
  readonly publicDns: string | undefined
}

/**
 * The caller's instances, by reservation; terminated ones for an hour.
 * Refuses: InvalidInstanceID.Malformed, InvalidInstanceID.NotFound.
 * Source: EC2 API Reference, DescribeInstances.
 */
export const DescribeInstances = describe('DescribeInstances', {
  async rows({ InstanceIds }, { tx, caller, cloud }) {
    const full = await fullInstances(tx, await listInstances(tx, caller.account, InstanceIds))
    return full.map((it): Row => {
      const nic = it.interfaces[0]?.row
      return {
        ...it,
        id: it.row.id,
        privateDns: nic && privateName(cloud, nic.privateAddress),
        publicDns: nic?.publicAddress ? publicName(cloud, nic.publicAddress) : undefined,
      }
    })
  },
  key: ({ row }) => row.id,
  filters: {
    ...tagFilters<Row>(),
    architecture: ({ image }) => image?.architecture,
    'availability-zone': ({ row }) => row.zone,
    'client-token': ({ row }) => row.clientToken,
    'dns-name': ({ publicDns }) => publicDns,
    'ip-address': ({ interfaces }) => interfaces[0]?.row.publicAddress,
    'group-id': groupIds,
    'group-name': groupNames,
    'instance.group-id': groupIds,
    'instance.group-name': groupNames,
    hypervisor: () => 'xen',
    'image-id': ({ row }) => row.imageId,
    'instance-id': ({ row }) => row.id,
    'instance-lifecycle': () => undefined,
    'instance-state-code': ({ row }) => instanceStates[row.state].code,
    'instance-state-name': ({ row }) => row.state,
    'instance-type': ({ row }) => row.type,
    'key-name': ({ row }) => row.keyName,
    'launch-index': ({ row }) => row.launchIndex,
    'launch-time': ({ row }) => new Date(row.launchedAt),
    'metadata-options.http-tokens': ({ row }) => metadata(row.metadataJson).tokens,
    'monitoring-state': ({ row }) => (row.monitoring === 1 ? 'enabled' : 'disabled'),
    'network-interface.addresses.private-ip-address': ({ interfaces }) => interfaces.map((it) => it.row.privateAddress),
    'network-interface.group-id': groupIds,
    'network-interface.group-name': groupNames,
    'network-interface.mac-address': ({ interfaces }) => interfaces.map((it) => it.row.mac),
    'network-interface.network-interface-id': ({ interfaces }) => interfaces.map((it) => it.row.id),
    'network-interface.subnet-id': subnets,
    'network-interface.vpc-id': vpcs,
    'owner-id': ({ row }) => row.accountId,
    platform: () => undefined,
    'platform-details': () => 'Linux/UNIX',
    'private-dns-name': ({ privateDns }) => privateDns,
    'private-ip-address': ({ interfaces }) => interfaces[0]?.row.privateAddress,
    'reservation-id': ({ row }) => row.reservationId,
    'root-device-name': () => '/dev/sda1',
    'root-device-type': () => 'instance-store',
    'source-dest-check': ({ interfaces }) => interfaces[0] && interfaces[0].row.sourceDestCheck === 1,
    'state-reason-code': ({ row }) => row.stateReason && stateReasons[row.stateReason].Code,
    'subnet-id': subnets,
    tenancy: ({ row }) => row.tenancy,
    'virtualization-type': () => 'hvm',
    'vpc-id': vpcs,
  },
  render: (row) => row,
  assemble(rows, _input, { cloud }) {
    const reservations = Map.groupBy(rows, ({ row }) => row.reservationId)
    return { Reservations: [...reservations.values()].map((it) => renderReservation(cloud, it)) }
  },
})

function groupIds({ interfaces }: Row): string[] {
  return interfaces.flatMap((it) => it.groups.map((group) => group.id))
}

function groupNames({ interfaces }: Row): string[] {
  return interfaces.flatMap((it) => it.groups.map((group) => group.name))
}

function subnets({ interfaces }: Row): string[] {
  return interfaces.map((it) => it.row.subnetId)
}

function vpcs({ interfaces }: Row): string[] {
  return interfaces.map((it) => it.row.vpcId)
}

function metadata(json: string): { tokens: string } {
  return JSON.parse(json) as { tokens: string }
}
