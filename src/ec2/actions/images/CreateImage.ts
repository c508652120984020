import { bootsOf } from '../../../control/images/boot.ts'
import { bootLike, imageOfInstance } from '../../../control/images/ebs-images.ts'
import { type ImageVolume, rootDeviceOf } from '../../../control/images/mappings.ts'
import { checkImageName } from '../../../control/images/names.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { refuse } from '../../../model/errors.ts'
import type { InstanceId } from '../../../model/ids.ts'
import { Later } from '../../../query/action.ts'
import type { InstanceRow } from '../../../store/tables/resources.ts'
import { action, type Context } from '../../action.ts'
import { applyMappings } from '../../parse/mappings.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Begins to make an image of an instance on volumes, with all of them: `pending` until its snapshots are complete. A running guest
 * goes off before they are taken, and comes back; with `NoReboot` they are taken under it, and are in the state that a loss of power
 * would leave. Then, and of a stopped instance, what was flushed before the answer is in the image.
 * Refuses: InvalidInstanceID.*, IncorrectInstanceState, InvalidAMIName.*, UnsupportedOperation (no volume for a root),
 * InvalidParameterValue and others (the mappings).
 * Source: EC2 API Reference, CreateImage; EC2 User Guide, "Create an Amazon EBS-backed AMI".
 */
export const CreateImage = action('CreateImage', {
  creates: ['image', 'snapshot'],
  async run(input, context) {
    const { tx, caller, hosts } = context
    refuseParameters(input, ['SnapshotLocation'])
    const instance = await findInstance(tx, caller.account, input.InstanceId)
    if (instance.state !== 'running' && instance.state !== 'stopped')
      refuse('IncorrectInstanceState', { id: instance.id, verb: 'imaged' })
    const name = input.Name ?? ''
    await checkImageName(tx, caller.account, name)
    const source = await tx.db.selectFrom('images').selectAll().where('id', '=', instance.imageId).executeTakeFirst()
    if (!source?.rootSnapshotId)
      return refuse('UnsupportedOperation', { message: `The root of the instance '${instance.id}' is no volume.` })
    const there = { volumes: await volumesOf(context, instance), disks: JSON.parse(instance.disksJson ?? '[]') }
    const { volumes, disks } = await applyMappings(context, there, input.BlockDeviceMappings ?? [])
    const boots = await bootsOf(tx, [instance])
    const { id, snapshots } = await imageOfInstance(
      context,
      {
        ...{ account: caller.account, name, description: input.Description ?? '', volumes, disks },
        ...{ architecture: source.architecture, rootDeviceName: rootDeviceOf(source) },
        boot: bootLike(source),
        choice: boots.get(instance.id) ?? { kernelId: null, ramdiskId: null },
      },
      { instance, quiet: instance.state === 'running' && !input.NoReboot },
    )
    await context.tag('image', id)
    for (const it of snapshots) await context.tag('snapshot', it)
    return new Later(async (abort) => {
      await hosts.frozen(snapshots, abort)
      return { ImageId: id }
    })
  },
})

/** The instance's volumes as an image maps them: as large and fast as they are now, the root's first. */
async function volumesOf({ tx }: Context, { id }: Pick<InstanceRow, 'id'>): Promise<ImageVolume[]> {
  const rows = await tx.db
    .selectFrom('attachments')
    .innerJoin('volumes', 'volumes.id', 'attachments.volumeId')
    .select(['attachments.device', 'attachments.deleteOnTermination', 'attachments.state'])
    .select(['volumes.id', 'volumes.sizeGib', 'volumes.type', 'volumes.iops', 'volumes.throughput', 'volumes.keyId'])
    .where('attachments.instanceId', '=', id as InstanceId)
    .where('attachments.state', '!=', 'detaching')
    .orderBy('attachments.slot')
    .execute()
  return rows.map((it) => ({
    ...{ device: it.device, volume: it.id, snapshot: null, sizeGiB: it.sizeGib, type: it.type, iops: it.iops },
    ...{ throughput: it.throughput, deleteOnTermination: it.deleteOnTermination === 1, keyId: it.keyId },
  }))
}
