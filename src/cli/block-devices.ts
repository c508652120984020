/** Block device mappings as they are typed: `/dev/sdb=ephemeral0`, `/dev/sdf=snap-1:8:true:gp2`. Source: euca2ools 3.4, `run-instances --help`. */
import type { BlockDeviceMapping, EbsBlockDevice } from '@aws-sdk/client-ec2'
import { UsageError } from './params.ts'

export function parseMapping(text: string): BlockDeviceMapping {
  const [device = '', mapped, ...rest] = text.split('=')
  if (mapped === undefined || rest.length > 0)
    throw new UsageError(`block device mapping "${text}" must have form DEVICE=MAPPED`)
  if (mapped.toLowerCase() === 'none') return { DeviceName: device, NoDevice: 'none' }
  if (/^ephemeral\d+$/.test(mapped)) return { DeviceName: device, VirtualName: mapped }
  if (!/^(?:snap-|vol-|:)/.test(mapped)) throw new UsageError(`invalid block device mapping "${text}"`)
  return { DeviceName: device, Ebs: ebsOf(text, mapped.split(':')) }
}

function ebsOf(text: string, [snapshot, size, deleted, type, iops, ...rest]: readonly string[]): EbsBlockDevice {
  const wrong = (which: string, wanted: string) =>
    new UsageError(`${which} element of EBS block device mapping "${text}" must be ${wanted}`)
  if (rest.length > 0)
    throw new UsageError(
      `EBS block device mapping "${text}" must have form DEVICE=[SNAP-ID]:[SIZE]:[true|false]:[standard|TYPE[:IOPS]]`,
    )
  if (size && !/^\d+$/.test(size)) throw wrong('second', 'an integer')
  if (deleted && !/^(?:true|false)$/i.test(deleted)) throw wrong('third', '"true" or "false"')
  if (iops && !/^\d+$/.test(iops)) throw wrong('fifth', 'an integer')
  return {
    ...(snapshot && { SnapshotId: snapshot }),
    ...(size && { VolumeSize: Number(size) }),
    ...(deleted && { DeleteOnTermination: deleted.toLowerCase() === 'true' }),
    // The client's type has the names that Amazon knows.
    ...(type && { VolumeType: type as 'standard' }),
    ...(iops && { Iops: Number(iops) }),
  }
}

/** `DEVICE=::true`: whether the volume there is deleted with the instance. */
export function parseDeletion(text: string): { DeviceName: string; Ebs: { DeleteOnTermination: boolean } } {
  const [, device, deleted] = /^([^=]+)=::(true|false)$/.exec(text) ?? []
  if (device === undefined) throw new UsageError(`block device mapping "${text}" must have form DEVICE=::(true|false)`)
  return { DeviceName: device, Ebs: { DeleteOnTermination: deleted === 'true' } }
}
