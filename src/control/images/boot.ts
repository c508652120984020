/** What an instance boots through: the image's kernel and RAM disk, or those that its launch chose. */
import type { BootSpec } from '../../host-api/spec.ts'
import { refuse } from '../../model/errors.ts'
import type { AccountId, ImageId, InstanceId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { files } from './bundle-images.ts'
import { requirePart } from './register.ts'

export interface BootChoice {
  readonly kernelId: string | null
  readonly ramdiskId: string | null
}

/** The kernel and RAM disk that a launch asks for, if the account may use them; `undefined` where it asks for none. */
export async function readBootChoice(
  reader: Reader,
  account: AccountId,
  image: ImageRow,
  asked: { readonly kernel?: string | undefined; readonly ramdisk?: string | undefined },
): Promise<BootChoice | undefined> {
  if (!asked.kernel && !asked.ramdisk) return undefined
  if (image.kernelFile === null)
    refuse('InvalidParameterCombination', { message: `The image ${image.id} boots by its own loader.` })
  const kernel = asked.kernel ? await requirePart(reader, account, 'kernel', asked.kernel) : undefined
  const ramdisk = asked.ramdisk ? await requirePart(reader, account, 'ramdisk', asked.ramdisk) : undefined
  return { kernelId: kernel?.id ?? null, ramdiskId: ramdisk?.id ?? null }
}

export async function keepBootChoice({ db }: Transaction, instance: InstanceId, choice: BootChoice): Promise<void> {
  await db
    .insertInto('instanceBoots')
    .values({ instanceId: instance, ...choice })
    .execute()
}

/** What the launches of these instances chose; nothing of those that did not. */
export async function bootChoicesOf(
  reader: Reader,
  ids: readonly InstanceId[],
): Promise<ReadonlyMap<InstanceId, BootChoice>> {
  return new Map((await choices(reader, ids)).map((it) => [it.instanceId, it]))
}

const choices = prepared((db, ids: readonly InstanceId[]) =>
  db.selectFrom('instanceBoots').selectAll().where('instanceId', 'in', ids),
)

/** Kernels and RAM disks of images on volumes: others have theirs in their own folders. */
export async function bootsOfImages(
  { db }: Reader,
  ids: readonly ImageId[],
): Promise<ReadonlyMap<ImageId, BootChoice>> {
  const rows = await db
    .selectFrom('bundledImages')
    .innerJoin('images', 'images.id', 'bundledImages.imageId')
    .select(['images.id', 'bundledImages.kernelId', 'bundledImages.ramdiskId'])
    .where('images.id', 'in', ids)
    .where('images.rootSnapshotId', 'is not', null)
    .execute()
  return new Map(rows.map(({ id, kernelId, ramdiskId }) => [id, { kernelId, ramdiskId }]))
}

/** What the instances were told to boot through, by their ids: the launch's choice, else what their image says. */
export async function bootsOf(
  reader: Reader,
  instances: readonly { readonly id: InstanceId; readonly imageId: ImageId }[],
): Promise<ReadonlyMap<InstanceId, BootChoice>> {
  if (instances.length === 0) return new Map()
  const imageIds = [...new Set(instances.map((it) => it.imageId))]
  const ofImages = new Map((await partsOf(reader, imageIds)).map((it) => [it.imageId, it]))
  const chosen = await bootChoicesOf(
    reader,
    instances.map((it) => it.id),
  )
  return new Map(
    instances.map(({ id, imageId }) => [
      id,
      {
        kernelId: chosen.get(id)?.kernelId ?? ofImages.get(imageId)?.kernelId ?? null,
        ramdiskId: chosen.get(id)?.ramdiskId ?? ofImages.get(imageId)?.ramdiskId ?? null,
      },
    ]),
  )
}

const partsOf = prepared((db, images: readonly ImageId[]) =>
  db.selectFrom('bundledImages').select(['imageId', 'kernelId', 'ramdiskId']).where('imageId', 'in', images),
)

/** As its host is told. */
export function bootSpec(image: ImageRow, choice: BootChoice | undefined): BootSpec {
  const { kernelId, ramdiskId } = choice ?? { kernelId: null, ramdiskId: null }
  return {
    image: image.id,
    ...(image.kernelFile !== null && { kernel: image.kernelFile }),
    ...(image.ramdiskFile !== null && { ramdisk: image.ramdiskFile }),
    ...(kernelId !== null && { kernel: files.kernel, kernelImage: kernelId as ImageId }), // one table holds all three
    ...(ramdiskId !== null && { ramdisk: files.ramdisk, ramdiskImage: ramdiskId as ImageId }),
    commandLine: image.commandLine,
    ...(image.firmware !== null && { firmware: image.firmware }),
  }
}
