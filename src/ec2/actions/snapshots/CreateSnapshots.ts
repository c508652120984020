import type { Snapshot, SnapshotInfo } from '@aws-sdk/client-ec2'
import { rootDeviceOf } from '../../../control/images/mappings.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { createSnapshot } from '../../../control/snapshots/create.ts'
import { listSnapshots } from '../../../control/snapshots/find.ts'
import { putTags, tagsOf, withTags } from '../../../control/tags/tags.ts'
import { bare } from '../../../model/device-names.ts'
import { refuse } from '../../../model/errors.ts'
import type { SnapshotId } from '../../../model/ids.ts'
import { Later } from '../../../query/action.ts'
import { action, type Context } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { renderSnapshot } from '../../render/snapshot.ts'

/**
 * Takes a snapshot of each volume of an instance, all wished for at once: their host freezes one after the other. Answers once all
 * these moments have been.
 * Refuses: InvalidInstanceID.*, InvalidVolume.NotFound (of those to be left out), InvalidParameterValue, IncorrectState.
 * Source: EC2 API Reference, CreateSnapshots; EBS User Guide, "Create multi-volume Amazon EBS snapshots".
 */
export const CreateSnapshots = action('CreateSnapshots', {
  creates: ['snapshot'],
  async run(input, context) {
    const { tx, caller, hosts } = context
    refuseParameters(input, ['OutpostArn'])
    const volumes = await volumesOf(context, input.InstanceSpecification ?? {})
    const ids: SnapshotId[] = []
    for (const volume of volumes) {
      const id = await createSnapshot(context, {
        ...{ account: caller.account, host: volume.hostId, sizeGiB: volume.sizeGib },
        of: { kind: 'volume', volume: volume.id },
        description: input.Description ?? '',
      })
      if (input.CopyTagsFromSource === 'volume') {
        const tags = (await tagsOf(tx, [volume.id])).get(volume.id) ?? {}
        await putTags(tx, { account: caller.account, kind: 'snapshot', id }, tags)
      }
      await context.tag('snapshot', id)
      ids.push(id)
    }
    const rows = await withTags(tx, await listSnapshots(tx, caller.account, ids))
    return new Later(async (abort) => {
      await hosts.frozen(ids, abort)
      return { Snapshots: rows.map((it) => infoOf(renderSnapshot(context.cloud, it))) }
    })
  },
})

interface Specification {
  readonly InstanceId?: string | undefined
  readonly ExcludeBootVolume?: boolean | undefined
  readonly ExcludeDataVolumeIds?: readonly string[] | undefined
}

async function volumesOf({ tx, caller }: Context, asked: Specification) {
  const instance = await findInstance(tx, caller.account, asked.InstanceId ?? '')
  const image = await tx.db.selectFrom('images').selectAll().where('id', '=', instance.imageId).executeTakeFirst()
  const rows = await tx.db
    .selectFrom('attachments')
    .innerJoin('volumes', 'volumes.id', 'attachments.volumeId')
    .selectAll('volumes')
    .select('attachments.device')
    .where('attachments.instanceId', '=', instance.id)
    .orderBy('attachments.slot')
    .execute()
  const excluded = asked.ExcludeDataVolumeIds ?? []
  const unknown = excluded.find((id) => !rows.some((it) => it.id === id))
  if (unknown) refuse('InvalidVolume.NotFound', { id: unknown })
  const isRoot = (it: { readonly device: string }) => bare(it.device) === bare(rootDeviceOf(image))
  const wanted = rows.filter((it) => !excluded.includes(it.id) && !(asked.ExcludeBootVolume && isRoot(it)))
  if (wanted.length === 0)
    refuse('InvalidParameterValue', { message: `No volume of ${instance.id} is left to snapshot.` })
  const other = wanted.find((it) => it.state !== 'available')
  if (other) refuse('IncorrectState', { message: `The volume '${other.id}' is in the '${other.state}' state.` })
  return wanted
}

/** Source: EC2 API Reference, "SnapshotInfo". */
function infoOf(snapshot: Snapshot): SnapshotInfo {
  const { SnapshotId, Description, Encrypted, VolumeId, VolumeSize, State, StartTime, Progress, OwnerId, Tags } =
    snapshot
  return { SnapshotId, Description, Encrypted, VolumeId, VolumeSize, State, StartTime, Progress, OwnerId, Tags }
}
