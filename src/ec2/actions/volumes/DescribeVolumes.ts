import { listVolumes } from '../../../control/volumes/find.ts'
import { zoneId } from '../../../model/cloud.ts'
import { absent, tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { fullVolumes } from '../../full-volumes.ts'
import { type FullVolume, renderVolume, stateOfVolume } from '../../render/volume.ts'

/**
 * Volumes of the account, each with what it is attached to.
 * Refuses: InvalidVolume.NotFound.
 * Source: EC2 API Reference, DescribeVolumes.
 */
export const DescribeVolumes = describe('DescribeVolumes', {
  async rows({ VolumeIds }, { tx, caller, cloud }) {
    const volumes = await fullVolumes(tx, await listVolumes(tx, caller.account, VolumeIds))
    return volumes.map((it) => ({ ...it, zoneId: zoneId(cloud, it.zone) }))
  },
  key: (it) => it.id,
  filters: {
    'attachment.attach-time': (it) => it.attachments.map((at) => new Date(at.attachedAt).toISOString()),
    'attachment.delete-on-termination': (it) => it.attachments.map((at) => at.deleteOnTermination === 1),
    'attachment.device': (it) => it.attachments.map((at) => at.device),
    'attachment.instance-id': (it) => it.attachments.map((at) => at.instanceId),
    'attachment.status': (it) => it.attachments.map((at) => at.state),
    'availability-zone': (it) => it.zone,
    'availability-zone-id': (it) => it.zoneId,
    'create-time': (it) => new Date(it.createdAt),
    encrypted: (it) => it.keyId !== null,
    'fast-restored': () => false,
    'multi-attach-enabled': (it) => it.multiAttach === 1,
    'operator.managed': () => false,
    size: (it) => it.sizeGib,
    'snapshot-id': (it) => it.snapshotId,
    status: (it) => stateOfVolume(it),
    'volume-id': (it) => it.id,
    'volume-type': (it) => it.type,
    ...absent('operator.principal'),
    ...tagFilters<FullVolume & { readonly zoneId: string }>(),
  },
  render: (it, { cloud }) => renderVolume(cloud, it),
  assemble: (Volumes) => ({ Volumes: [...Volumes] }),
})
