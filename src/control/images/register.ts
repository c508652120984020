/** Registers images out of bundles, and takes them back. */
import type { Random } from '../../base/random.ts'
import { type Manifest, typeOf } from '../../bundles/manifest.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, type ImageId, newId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { destroy, startStrand } from '../../strand/calls.ts'
import { files } from './bundle-images.ts'
import { detailsOf, listImages } from './find.ts'
import { imageMachine } from './machine.ts'

export interface Registration {
  readonly account: AccountId
  readonly location: string
  readonly manifest: Manifest
  /** The manifest's text. */
  readonly text: string
  readonly name: string
  readonly description: string
  readonly architecture?: string
  readonly kernelId?: string
  readonly ramdiskId?: string
}

const kinds = { machine: 'image', kernel: 'kernel', ramdisk: 'ramdisk' } as const
/** Room of a root disk made from it: thin, and guests may grow their file system into it. */
const leastRootMiB = 1024

/** A new image, `pending` until its bundle is unpacked. */
export async function registerBundle(
  tx: Transaction,
  { now, random }: { now: Date; random: Random },
  it: Registration,
): Promise<ImageId> {
  const type = typeOf(it.manifest)
  const boot = type === 'machine' ? await bootOf(tx, it) : { kernelId: null, ramdiskId: null, commandLine: '' }
  const id = newId(kinds[type], random) as ImageId // of `aki-` and `ari-` too: one table holds all three
  const row: ImageRow = {
    ...{ id, accountId: it.account, ownerAlias: null, name: it.name, description: it.description },
    ...{ state: 'pending', isPublic: 0, architecture: it.architecture ?? it.manifest.architecture },
    kernelFile: files.kernel,
    ramdiskFile: boot.ramdiskId === null ? null : files.ramdisk,
    rootFile: files.machine,
    commandLine: boot.commandLine,
    firmware: null,
    rootSizeMib: Math.max(leastRootMiB, Math.ceil(it.manifest.size / 2 ** 20)),
    digest: it.manifest.digest,
    createdAt: now.getTime(),
  }
  await tx.db.insertInto('images').values(row).execute()
  const { kernelId, ramdiskId } = boot
  await tx.db
    .insertInto('bundledImages')
    .values({
      ...{ imageId: id, type, location: it.location, kernelId, ramdiskId, manifest: it.text, failure: null },
      ...{ presence: 'away', bytes: it.manifest.size, usedAt: now.getTime() },
    })
    .execute()
  await startStrand(tx, imageMachine, id, {})
  return id
}

/** Kernel and RAM disk: as asked, else as the manifest says, else the cloud's own. */
async function bootOf(tx: Reader, { account, kernelId, ramdiskId, manifest }: Registration) {
  const asked = kernelId ?? manifest.kernel
  const kernel = asked === undefined ? await ownPart(tx, 'kernel') : await requirePart(tx, account, 'kernel', asked)
  const wanted = ramdiskId ?? manifest.ramdisk
  // Another kernel's modules are in another RAM disk: the cloud's own goes with its kernel alone.
  const own = wanted === undefined && asked === undefined ? await ownPart(tx, 'ramdisk') : undefined
  const ramdisk = wanted === undefined ? own : await requirePart(tx, account, 'ramdisk', wanted)
  if (!kernel)
    return refuse('InvalidParameterCombination', {
      message: 'The image has no kernel, and this cloud none of its own.',
    })
  return {
    kernelId: kernel.id as string,
    ramdiskId: (ramdisk?.id as string | undefined) ?? null,
    commandLine: kernel.commandLine,
  }
}

/** Refuses a kernel or RAM disk that the account may not use. */
export async function requirePart(
  reader: Reader,
  account: AccountId,
  type: 'kernel' | 'ramdisk',
  id: string,
): Promise<ImageRow> {
  const usable = await listImages(reader, account)
  const details = await detailsOf(reader)
  const found = usable.find((it) => it.id === id && details.get(it.id)?.type === type && it.state === 'available')
  return found ?? refuse('InvalidAMIID.NotFound', { id })
}

async function ownPart(reader: Reader, type: 'kernel' | 'ramdisk'): Promise<ImageRow | undefined> {
  return reader.db
    .selectFrom('images')
    .innerJoin('bundledImages', 'bundledImages.imageId', 'images.id')
    .selectAll('images')
    .where('bundledImages.type', '=', type)
    .where('images.ownerAlias', '=', 'amazon')
    .where('images.state', '=', 'available')
    .orderBy('images.createdAt', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** From now on nobody launches it. Its files go with the last instance that uses them. */
export async function deregister(tx: Transaction, image: ImageRow): Promise<void> {
  await tx.db.updateTable('images').set({ state: 'deregistered' }).where('id', '=', image.id).execute()
  await destroy(tx, image.id)
}
