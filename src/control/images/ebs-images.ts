/** Images whose root is a volume: made of an instance, or registered over snapshots. */
import type { Random } from '../../base/random.ts'
import { bare } from '../../model/device-names.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, type ImageId, type InstanceId, newId, type SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { ImageRow, InstanceRow } from '../../store/tables/resources.ts'
import { startStrand } from '../../strand/calls.ts'
import { wish } from '../hosts/wishes.ts'
import type { BootChoice } from './boot.ts'
import { ebsImageMachine } from './ebs-machine.ts'
import { takeSnapshots } from './ebs-sources.ts'
import type { DiskMapping, ImageVolume } from './mappings.ts'

export interface EbsImageContext {
  readonly tx: Transaction
  readonly now: Date
  readonly random: Random
}

/** How its instances boot: files of another image, or the loader that is on the root volume. */
export type BootOf = Pick<ImageRow, 'kernelFile' | 'ramdiskFile' | 'commandLine' | 'firmware' | 'bootImageId'>

/** As the image boots: what is over it boots in the same way. */
export function bootLike(image: ImageRow): BootOf {
  const { id, kernelFile, ramdiskFile, commandLine, firmware, bootImageId } = image
  return { kernelFile, ramdiskFile, commandLine, firmware, bootImageId: bootImageId ?? id }
}

export interface NewEbsImage {
  readonly account: AccountId
  readonly name: string
  readonly description: string
  readonly architecture: string
  readonly rootDeviceName: string
  readonly boot: BootOf
  readonly choice: BootChoice
  /** All of them; one is the root's. */
  readonly volumes: readonly ImageVolume[]
  readonly disks: readonly DiskMapping[]
}

/** An image over snapshots that are there: available at once. */
export async function registerOverSnapshots(context: EbsImageContext, image: NewEbsImage): Promise<ImageId> {
  return insertImage(context, image, { state: 'available' })
}

/**
 * Begins to make an image of an instance: `pending` until all its snapshots are complete. With `quiet` the guest goes off before they
 * are taken, and comes back; otherwise they are taken now. Answers the image and the snapshots that are taken already.
 */
export async function imageOfInstance(
  context: EbsImageContext,
  image: NewEbsImage,
  { instance, quiet }: { readonly instance: InstanceRow; readonly quiet: boolean },
): Promise<{ readonly id: ImageId; readonly snapshots: readonly SnapshotId[] }> {
  const { tx, now, random } = context
  const volumes = image.volumes.map((it) => (it.volume ? { ...it, snapshot: newId('snapshot', random) } : it))
  const hold = quiet ? await holdReboot(tx, instance) : undefined
  const id = await insertImage(context, { ...image, volumes }, { state: 'pending', source: instance.id, hold })
  if (!quiet) await takeSnapshots({ tx, now }, id)
  return { id, snapshots: volumes.flatMap((it) => (it.volume && it.snapshot ? [it.snapshot] : [])) }
}

/** The instance's next reboot, which stops half-way. */
async function holdReboot(tx: Transaction, { id, hostId, reboots, holdReboot }: InstanceRow): Promise<number> {
  if (holdReboot)
    refuse('IncorrectInstanceState', { message: `The instance '${id}' is being rebooted for another image.` })
  const hold = reboots + 1
  await tx.db.updateTable('instances').set({ reboots: hold, holdReboot: hold }).where('id', '=', id).execute()
  if (hostId) await wish(tx, [hostId])
  return hold
}

async function insertImage(
  { tx, now, random }: EbsImageContext,
  image: NewEbsImage,
  how: { readonly state: 'pending' | 'available'; readonly source?: InstanceId; readonly hold?: number | undefined },
): Promise<ImageId> {
  const id = newId('image', random)
  const root = image.volumes.find((it) => bare(it.device) === bare(image.rootDeviceName))
  if (!root?.snapshot)
    return refuse('InvalidBlockDeviceMapping', {
      message: `No snapshot is mapped to the root device ${image.rootDeviceName}`,
    })
  await tx.db
    .insertInto('images')
    .values({
      ...{ id, accountId: image.account, ownerAlias: null, name: image.name, description: image.description },
      ...{ state: how.state, isPublic: 0, architecture: image.architecture, rootFile: '', digest: '' },
      ...image.boot,
      ...{ rootSizeMib: root.sizeGiB * 1024, rootSnapshotId: root.snapshot, rootDeviceName: image.rootDeviceName },
      mappingsJson: JSON.stringify([...image.volumes, ...image.disks]),
      sourceInstanceId: how.source ?? null,
      createdAt: now.getTime(),
    })
    .execute()
  const location = `${image.account}/${image.name}`
  await tx.db
    .insertInto('bundledImages')
    .values({ imageId: id, type: 'machine', location, ...image.choice, manifest: '', failure: null })
    .execute()
  await startStrand(tx, ebsImageMachine, id, how.hold === undefined ? {} : { hold: how.hold })
  return id
}
