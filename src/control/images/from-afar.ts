/** The files of an image of another region, which are brought here under names of the copy. */
import type { AccountId } from '../../model/ids.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { files } from './bundle-images.ts'
import type { Original } from './original.ts'

export interface FarFiles {
  readonly region: string
  readonly files: readonly FarFile[]
  /** What the disk came out of: from there it comes again where the other region has it no more. */
  readonly bundle?: { readonly account: AccountId; readonly location: string; readonly manifest: string }
}

export interface FarFile {
  /** Below the folder of that region's images. */
  readonly from: string
  readonly as: string
}

/** What has to come, and the image as it then is: kernel and RAM disk lie beside its disk, as ids of another region mean nothing here. */
export function comingFrom(
  region: string,
  original: Original,
): { readonly original: Original; readonly far: FarFiles } {
  const { image, kernelId, ramdiskId, bundle } = original
  const folder = image.bootImageId ?? image.id
  const kernel = partOf(kernelId, files.kernel, { folder, file: image.kernelFile })
  const ramdisk = partOf(ramdiskId, files.ramdisk, { folder, file: image.ramdiskFile })
  const root = image.rootSnapshotId ? undefined : { from: `${folder}/${image.rootFile}`, as: image.rootFile }
  const row: ImageRow = { ...image, kernelFile: kernel?.as ?? null, ramdiskFile: ramdisk?.as ?? null }
  return {
    original: { ...original, image: row, kernelId: null, ramdiskId: null },
    far: { region, files: [kernel, ramdisk, root].filter((it) => it !== undefined), ...(bundle && { bundle }) },
  }
}

function partOf(
  id: string | null,
  usual: string,
  { folder, file }: { readonly folder: string; readonly file: string | null },
): FarFile | undefined {
  if (id !== null) return { from: `${id}/${usual}`, as: usual }
  return file === null ? undefined : { from: `${folder}/${file}`, as: file }
}
