/** Where the disk of an import lies, and what it is said to be. Source: EC2 API Reference, ImageDiskContainer, UserBucket. */
import type { ImageDiskContainer } from '@aws-sdk/client-ec2'
import { usualRootDevice } from '../../control/images/mappings.ts'
import { encryptsByDefault } from '../../control/volumes/encryption.ts'
import { bare } from '../../model/device-names.ts'
import { refuse } from '../../model/errors.ts'
import type { Context } from '../action.ts'
import { deviceName } from './device-name.ts'

export interface DiskPlace {
  readonly bucket: string
  readonly key: string
  readonly format: string | null
  readonly url?: string
}

/** QCOW2 is none of EC2's, and harmless beside them. */
const formats: ReadonlySet<string> = new Set(['RAW', 'VMDK', 'VHD', 'QCOW2'])

export function diskPlace({ Format, Url, UserBucket, SnapshotId }: ImageDiskContainer): DiskPlace {
  if (SnapshotId) refuse('UnsupportedOperation', { message: 'Images of snapshots are made by RegisterImage.' })
  const format = Format?.toUpperCase() ?? null
  if (format !== null && !formats.has(format))
    refuse('InvalidParameter', {
      message: `The disk format ${Format} is not supported: it is one of ${[...formats].join(', ')}.`,
    })
  if (Url) return { ...placeOf(Url), format, url: Url }
  const { S3Bucket: bucket, S3Key: key } = UserBucket ?? {}
  if (!bucket || !key)
    return refuse('MissingParameter', {
      message: 'A disk container must have a Url, or a UserBucket with S3Bucket and S3Key.',
    })
  return { bucket, key, format }
}

/** Names for data volumes, those that EC2 recommends first. Source: EC2 User Guide, "Device names for volumes on Amazon EC2 instances". */
const freeNames = [...'fghijklmnopqrstuvwxyzbcde'].map((it) => `/dev/sd${it}`)

/**
 * Each disk of an image of several with a device: the one that was said, else the root's usual one for the first and the next
 * free for others. One disk alone stays as it is. Guess: the order of names; EC2 says no more than that it is the disk's mapping.
 */
export function namedDisks(disks: readonly ImageDiskContainer[]): ImageDiskContainer[] {
  const said = disks.flatMap(({ DeviceName }, at) => (DeviceName ? [bare(deviceName(DeviceName))] : at ? [] : ['sda1']))
  if (new Set(said).size < said.length)
    refuse('InvalidBlockDeviceMapping', { message: 'Two disks have the same device name.' })
  if (disks.length < 2) return [...disks]
  const free = freeNames.filter((it) => !said.includes(bare(it)))
  return disks.map((disk, at) => {
    const DeviceName = disk.DeviceName || (at === 0 ? usualRootDevice : free.shift())
    if (!DeviceName) return refuse('InvalidParameter', { message: 'There are more disks than names for them.' })
    return { ...disk, DeviceName }
  })
}

function placeOf(url: string): { bucket: string; key: string } {
  const [, bucket, key] = /^s3:\/\/([^/]{3,255})\/(.{1,1024})$/s.exec(url) ?? []
  return bucket !== undefined && key !== undefined
    ? { bucket, key }
    : refuse('UnsupportedOperation', { message: 'Disks come from this cloud’s object store: s3://BUCKET/KEY.' })
}

/** Whose rights count is the caller's: there is one role, by the name that tools give. Source: VM Import/Export User Guide, "Required permissions". */
export function checkRole(name: string | undefined): void {
  if (name && name !== 'vmimport')
    refuse('UnsupportedOperation', {
      message: `The role ${name} is not served: objects are read and written in the name of the caller.`,
    })
}

/** Refuses an account that wants all encrypted: what is imported is not. */
export async function refuseEncryption({ tx, caller }: Context): Promise<void> {
  if (await encryptsByDefault(tx, caller.account))
    refuse('UnsupportedOperation', {
      message:
        'Encrypted imports are not served by this cloud, and this account encrypts by default. Import, then copy.',
    })
}
