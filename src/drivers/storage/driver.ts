import type { DiskSpec } from '../../host-api/spec.ts'
import type { DomainId, ImageId } from '../../model/ids.ts'

/** Disks of the domains on this host: layers over read-only images, and empty ones. They outlive the process. */
export interface StorageDriver {
  /**
   * Makes the domain's disks that are not there yet and says where each is, in the order given. A disk that exists is
   * left as it is. Files may be read and written by the domain's own user alone. Throws where an image is missing. With `parked` a
   * root disk begins as a parked machine has left it, also one that was made before and that nobody has written to.
   */
  provide(domain: DomainId, disks: readonly DiskSpec[], abort: AbortSignal, parked?: ParkedDisk): Promise<BlockNode[]>
  /**
   * Makes those disks the domain's, which has none, that a driver like this one has made in `folder`, on the same file system. Whose they
   * are stays.
   */
  adopt(domain: DomainId, folder: string, abort: AbortSignal): Promise<void>
  /** Removes all disks of the domain. Resolves at once if there are none. */
  release(domain: DomainId, abort: AbortSignal): Promise<void>
  /** Every domain that has disks here. */
  list(abort: AbortSignal): Promise<DomainId[]>
  /** Absolute path of a file of an image: a kernel, a ramdisk. Throws where it is missing. */
  imageFile(image: ImageId, file: string): Promise<string>
}

/** What QEMU needs to open a disk. */
export interface BlockNode {
  readonly file: string
  readonly format: 'raw' | 'qcow2'
  readonly serial: string
  /** Key of the parked machine whose disk this still is: nobody has written to it. */
  readonly untouched?: string
}

/** The root disk of a parked machine, and an empty layer over it that calls it by `parkedName`. Nobody writes to them. */
export interface ParkedDisk {
  readonly key: string
  readonly file: string
  readonly layer: string
}

/** What a parked disk is called in the folder of a layer over it. */
export const parkedName = 'parked.qcow2'
