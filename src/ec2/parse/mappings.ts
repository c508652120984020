/** Block device mappings over those that are there already. Source: EC2 API Reference, "BlockDeviceMapping", "EbsBlockDevice". */
import type { BlockDeviceMapping, EbsBlockDevice } from '@aws-sdk/client-ec2'
import type { DiskMapping, ImageVolume } from '../../control/images/mappings.ts'
import { findSnapshot } from '../../control/snapshots/find.ts'
import { encryptionFor } from '../../control/volumes/encryption.ts'
import { bare } from '../../model/device-names.ts'
import { refuse } from '../../model/errors.ts'
import type { SnapshotRow } from '../../store/tables/volumes.ts'
import type { Context } from '../action.ts'
import { deviceName } from './device-name.ts'
import { checkVolume } from './new-volume.ts'
import { refuseParameters } from './not-served.ts'

export interface Mappings {
  /** The root's first, where there is one. */
  readonly volumes: readonly ImageVolume[]
  readonly disks: readonly DiskMapping[]
}

/** What is there with what is asked for: each mapping replaces, changes or takes away what is at its device. */
export async function applyMappings(
  context: Context,
  there: Mappings,
  asked: readonly BlockDeviceMapping[],
): Promise<Mappings> {
  const [root] = there.volumes
  let { volumes, disks } = there
  for (const mapping of asked) {
    const device = deviceName(mapping.DeviceName)
    const isHere = (it: { readonly device: string }) => bare(it.device) === bare(device)
    const here = volumes.find(isHere)
    const replacesRoot = root !== undefined && here?.device === root.device
    if (replacesRoot && (mapping.NoDevice !== undefined || mapping.VirtualName))
      refuse('InvalidParameterValue', { message: `The root device ${device} cannot be left out.` })
    if (mapping.NoDevice !== undefined || mapping.VirtualName) volumes = volumes.filter((it) => it !== here)
    disks = disks.filter((it) => !isHere(it))
    if (mapping.NoDevice !== undefined) continue
    if (mapping.VirtualName) {
      const virtual = virtualName(mapping.VirtualName)
      disks = [...disks.filter((it) => it.virtual !== virtual), { device, virtual }]
    } else {
      const volume = await volumeOf(context, device, mapping.Ebs ?? {}, here)
      volumes = here ? volumes.map((it) => (it === here ? volume : it)) : [...volumes, volume]
    }
  }
  return { volumes, disks }
}

/** A disk that the type does not have is no error: the mapping has no effect. Source: EC2 User Guide, "Block device mappings for volumes". */
function virtualName(name: string): string {
  if (/^(?:ephemeral(?:\d|1\d|2[0-3])|swap)$/.test(name)) return name
  return refuse('InvalidParameterValue', { message: `Value (${name}) for parameter virtualName is invalid.` })
}

async function volumeOf(
  { tx, caller, cloud }: Context,
  device: string,
  asked: EbsBlockDevice,
  here: ImageVolume | undefined,
): Promise<ImageVolume> {
  refuseParameters(asked, ['OutpostArn', 'VolumeInitializationRate'])
  const other = asked.SnapshotId !== undefined && asked.SnapshotId !== here?.snapshot
  const snapshot = other ? await findSnapshot(tx, caller.account, asked.SnapshotId!) : undefined // asked for, where it is another
  const kept = other ? undefined : here
  const begins = snapshot ?? (await snapshotOf(tx, kept))
  const type = asked.VolumeType ?? (asked.Iops && kept?.type === 'standard' ? undefined : kept?.type)
  const sameType = type === kept?.type
  const checked = checkVolume(
    {
      Size: asked.VolumeSize ?? kept?.sizeGiB,
      Iops: asked.Iops ?? (sameType ? (kept?.iops ?? undefined) : undefined),
      Throughput: asked.Throughput ?? (sameType ? (kept?.throughput ?? undefined) : undefined),
      VolumeType: type,
    },
    begins?.sizeGib,
  )
  return {
    ...checked,
    device: here?.device ?? device,
    snapshot: snapshot?.id ?? kept?.snapshot ?? null,
    ...(kept?.volume && { volume: kept.volume }),
    keyId: await encryptionFor(tx, { account: caller.account, cloud }, asked, begins),
    deleteOnTermination: asked.DeleteOnTermination ?? here?.deleteOnTermination ?? true,
  }
}

/** What it begins as. The image's snapshots are launched by whoever may launch the image. */
async function snapshotOf({ db }: Context['tx'], kept: ImageVolume | undefined): Promise<SnapshotRow | undefined> {
  if (!kept?.snapshot) return undefined
  return db.selectFrom('snapshots').selectAll().where('id', '=', kept.snapshot).executeTakeFirst()
}
