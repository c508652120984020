import type { RunInstancesRequest } from '@aws-sdk/client-ec2'
import { nameByResource } from '../../../control/dns/resource-names.ts'
import { keepBootChoice, readBootChoice } from '../../../control/images/boot.ts'
import { findImage } from '../../../control/images/find.ts'
import { type LaunchRequest, launch } from '../../../control/instances/launch.ts'
import { findKeyPair } from '../../../control/key-pairs/find.ts'
import { checkTagsForMetadata, tagsOf } from '../../../control/tags/tags.ts'
import { attachmentsOfInstances } from '../../../control/volumes/find.ts'
import { type Cloud, zoneId, zoneName } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import type { InstanceId } from '../../../model/ids.ts'
import { instanceType, usualInstanceType } from '../../../model/instance-types.ts'
import { prepared, rowsWhere } from '../../../store/prepared.ts'
import type { InstanceRow } from '../../../store/tables/resources.ts'
import { action, type Context } from '../../action.ts'
import { fullInstances } from '../../full-instances.ts'
import { launchInterfaces } from '../../launch-interfaces.ts'
import { launchCounts, refuseWhatIsNotServed } from '../../parse/launch-limits.ts'
import { launchNetwork } from '../../parse/launch-network.ts'
import { launchMappings } from '../../parse/launch-volumes.ts'
import { newMetadataOptions } from '../../parse/metadata-options.ts'
import { shutdownBehavior } from '../../parse/shutdown-behavior.ts'
import { parseUserData } from '../../parse/user-data.ts'
import { renderReservation } from '../../render/instance.ts'

/**
 * Makes a reservation of `MinCount` to `MaxCount` instances, all in one zone, and begins to start them. Answers at once,
 * with the instances `pending`.
 * Refuses: InvalidAMIID.*, InvalidKeyPair.NotFound, InvalidGroup.NotFound, InvalidSubnetID.NotFound, InvalidParameterValue,
 * InvalidParameterCombination, InsufficientInstanceCapacity, InsufficientFreeAddressesInSubnet, UnsupportedOperation.
 * Source: EC2 API Reference, RunInstances.
 */
export const RunInstances = action('RunInstances', {
  creates: ['instance', 'network-interface', 'volume'],
  async run(input, context) {
    refuseWhatIsNotServed(input)
    const request = await readRequest(input, context)
    const { KernelId: kernel, RamdiskId: ramdisk } = input
    const choice = await readBootChoice(context.tx, context.caller.account, request.image, { kernel, ramdisk })
    const reservation = await launch(context, request)
    const rows = await rowsWhere(context.tx, 'instances', { reservationId: reservation })
    context.launched(rows.map((row) => row.id))
    for (const { id } of rows) await context.tag('instance', id)
    if (input.PrivateDnsNameOptions?.EnableResourceNameDnsARecord) await nameByResource(context.tx, rows)
    if (choice) for (const { id } of rows) await keepBootChoice(context.tx, id, choice)
    if (input.MetadataOptions?.InstanceMetadataTags === 'enabled') await checkShownTags(context, rows)
    const interfaces = await interfacesIn(
      context.tx,
      rows.map((row) => row.id),
    )
    const existing = new Set(input.NetworkInterfaces?.map((it) => it.NetworkInterfaceId))
    for (const { id } of interfaces) if (!existing.has(id)) await context.tag('network-interface', id)
    const attached = await attachmentsOfInstances(
      context.tx,
      rows.map((row) => row.id),
    )
    for (const { volumeId } of [...attached.values()].flat()) await context.tag('volume', volumeId)
    return renderReservation(context.cloud, await fullInstances(context.tx, rows))
  },
  async replay(output, { tx, caller }) {
    const ids = (output.Instances ?? []).map((it) => it.InstanceId as InstanceId)
    const known = tx.db.selectFrom('instances').select('state').where('accountId', '=', caller.account)
    const rows = await known.where('id', 'in', ids).execute()
    if (rows.every((row) => row.state === 'terminated')) refuse('IdempotentInstanceTerminated', { ids: ids.join(', ') })
    return output
  },
})

const interfacesIn = prepared((db, instances: readonly InstanceId[]) =>
  db.selectFrom('interfaces').select('id').where('instanceId', 'in', instances),
)

/** All instances of a launch have the same tags. */
async function checkShownTags({ tx }: Context, rows: readonly InstanceRow[]): Promise<void> {
  const [first] = (
    await tagsOf(
      tx,
      rows.map((row) => row.id),
    )
  ).values()
  checkTagsForMetadata(first ?? {})
}

async function readRequest(input: RunInstancesRequest, context: Context): Promise<LaunchRequest> {
  const { tx, caller } = context
  const { min, max } = launchCounts(input)
  const type = instanceType(input.InstanceType ?? usualInstanceType)
  if (!type) refuse('InvalidParameterValue', { message: `Invalid value '${input.InstanceType}' for InstanceType.` })
  if (!input.ImageId) refuse('MissingParameter', { parameter: 'ImageId' })
  const image = await findImage(tx, caller.account, input.ImageId)
  if (image.state !== 'available') refuse('InvalidAMIID.Unavailable', { id: image.id })
  const network = launchNetwork(input, max)
  const interfaces = await launchInterfaces(context, network, zoneAsked(context.cloud, input))
  const key = input.KeyName ? await findKeyPair(tx, caller.account, input.KeyName) : undefined
  const userData = parseUserData(input.UserData)
  return {
    account: caller.account,
    image,
    type,
    min,
    max,
    ...(key && { key }),
    ...(await launchMappings(context, image, { type: type.name, mappings: input.BlockDeviceMappings ?? [] })),
    ...interfaces,
    ...(userData !== undefined && { userData }),
    ...(input.ClientToken && { clientToken: input.ClientToken }),
    shutdownBehavior: shutdownBehavior(input.InstanceInitiatedShutdownBehavior, Boolean(image.rootSnapshotId)),
    apiTerminationDisabled: input.DisableApiTermination ?? false,
    apiStopDisabled: input.DisableApiStop ?? false,
    monitoring: input.Monitoring?.Enabled ?? false,
    ebsOptimized: input.EbsOptimized ?? false,
    metadata: newMetadataOptions(input.MetadataOptions),
    tenancy: input.Placement?.Tenancy ?? 'default',
  }
}

function zoneAsked(
  cloud: Cloud,
  { Placement: { AvailabilityZone: zone, AvailabilityZoneId: id } = {} }: RunInstancesRequest,
): { zone?: string } {
  if (!id) return zone ? { zone } : {}
  const named = cloud.zones.map((it) => zoneName(cloud, it)).find((it) => zoneId(cloud, it) === id)
  if (!named) return refuse('InvalidParameterValue', { message: `Invalid availability zone-id: [${id}]` })
  if (zone && zone !== named)
    refuse('InvalidParameterCombination', { message: `The zone ${zone} does not have the id ${id}` })
  return { zone: named }
}
