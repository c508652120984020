import type { Volume, VolumeAttachment } from '@aws-sdk/client-ec2'
import { command } from '../command.ts'
import { type Field, type Line, tagLines } from '../lines.ts'
import { filters, needed, toggle, UsageError, value, word, words } from '../params.ts'

/** Source: euca2ools 3.4, the filters its describe-volumes takes. */
const volumeFilters = filters(
  ...['attachment.attach-time', 'attachment.delete-on-termination', 'attachment.device', 'attachment.instance-id'],
  ...['attachment.status', 'availability-zone', 'create-time', 'size', 'snapshot-id', 'status', 'tag-key', 'tag-value'],
  ...['tag:KEY', 'volume-id', 'volume-type'],
)

export const volumeCommands = [
  command({
    name: 'create-volume',
    summary: 'Create a new volume',
    params: {
      zone: needed('-z, --availability-zone ZONE', 'availability zone in which to create the new volume (required)'),
      size: value('-s, --size GIB', 'size of the new volume in GiB (required unless --snapshot is used)'),
      snapshot: value('--snapshot SNAPSHOT', 'snapshot from which to create the new volume'),
      type: value('-t, --type VOLUMETYPE', 'volume type'),
      iops: value('-i, --iops IOPS', 'number of I/O operations per second'),
    },
    operation: 'CreateVolume',
    request({ zone, size, snapshot, type, iops }) {
      if (size === undefined && snapshot === undefined)
        throw new UsageError('at least one of -s/--size and --snapshot must be specified')
      return {
        AvailabilityZone: zone,
        ...(size !== undefined && { Size: whole('-s/--size', size) }),
        ...(snapshot !== undefined && { SnapshotId: snapshot }),
        ...(type !== undefined && { VolumeType: type as 'standard' }), // The client's type has the names that Amazon knows.
        ...(iops !== undefined && { Iops: whole('-i/--iops', iops) }),
      }
    },
    render: ([volume]) => [volumeFields(volume ?? {})],
  }),
  command({
    name: 'delete-volume',
    summary: 'Delete a volume',
    params: { volume: word('VOLUME', 'ID of the volume to delete (required)') },
    operation: 'DeleteVolume',
    request: ({ volume }) => ({ VolumeId: volume }),
    render: (_outputs, { volume }) => [['VOLUME', volume]],
  }),
  command({
    name: 'attach-volume',
    summary: 'Attach an EBS volume to an instance',
    params: {
      volume: word('VOLUME', 'ID of the volume to attach (required)'),
      instance: needed('-i, --instance INSTANCE', 'instance to attach the volume to (required)'),
      device: needed('-d, --device DEVICE', 'device name exposed to the instance (required)'),
    },
    operation: 'AttachVolume',
    request: ({ volume, instance, device }) => ({ VolumeId: volume, InstanceId: instance, Device: device }),
    render: ([attachment]) => [attachmentLine(attachment ?? {})],
  }),
  command({
    name: 'detach-volume',
    summary: 'Detach a volume from an instance',
    params: {
      volume: word('VOLUME', 'ID of the volume to detach (required)'),
      instance: value('-i, --instance INSTANCE', 'instance to detach from'),
      device: value('-d, --device DEVICE', 'device name'),
      force: toggle('-f, --force', 'detach without waiting for the instance. Data may be lost.'),
    },
    operation: 'DetachVolume',
    request: ({ volume, instance, device, force }) => ({
      VolumeId: volume,
      ...(instance !== undefined && { InstanceId: instance }),
      ...(device !== undefined && { Device: device }),
      ...(force && { Force: true }),
    }),
    render: ([attachment]) => [attachmentLine(attachment ?? {})],
  }),
  command({
    name: 'describe-volumes',
    summary: 'Display information about volumes',
    params: { volumes: words('VOLUME', 'limit results to specific volumes'), filters: volumeFilters },
    operation: 'DescribeVolumes',
    request: ({ volumes, filters: Filters }) => ({ Filters, ...(volumes.length > 0 && { VolumeIds: volumes }) }),
    render: (outputs) => outputs.flatMap((it) => it.Volumes ?? []).flatMap(volumeLines),
  }),
]

function volumeFields(it: Volume): Field[] {
  return ['VOLUME', it.VolumeId, it.Size, it.SnapshotId, it.AvailabilityZone, it.State, it.CreateTime]
}

function volumeLines(it: Volume): Line[] {
  return [
    [...volumeFields(it), it.VolumeType ?? 'standard', it.Iops],
    ...(it.Attachments ?? []).map(attachmentLine),
    ...tagLines(it.VolumeId, it.Tags),
  ]
}

function attachmentLine(it: VolumeAttachment): Line {
  return ['ATTACHMENT', it.VolumeId, it.InstanceId, it.Device, it.State, it.AttachTime]
}

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`argument ${name}: invalid int value: '${text}'`)
  return Number(text)
}
