/** What tasks do outside the database: the contract of whoever has the files. All of it may be done twice. */
import type { AccountId, DiskTaskId, ImageId, SnapshotId } from '../../model/ids.ts'

/** Why a disk is not taken, in words for whoever sent it: final. What is thrown may be tried again. */
export interface Refused {
  readonly refused: string
}

/** What was found in a disk: its size and digest; of an image, how it starts. */
export interface Taken {
  readonly bytes: number
  readonly digest: string
  readonly boot?: Boot
}

/** Files beside the disk; without a kernel the firmware starts what is on it. */
export interface Boot {
  readonly kernel?: string
  readonly ramdisk?: string
  readonly commandLine: string
  readonly firmware?: 'bios' | 'uefi'
}

export type ExportFormat = 'RAW' | 'VMDK' | 'VHD'

export interface ImportDisks {
  /** Brings the object here. */
  fetch(
    task: { readonly id: DiskTaskId; readonly account: AccountId; readonly bucket: string; readonly key: string },
    abort: AbortSignal,
  ): Promise<Refused | { readonly bytes: number }>
  /** Makes a raw disk of it in the folder `home`; undefined where it is here no more. */
  convert(
    task: {
      readonly id: DiskTaskId
      readonly home: string
      readonly format: string | null
      /** Absent: a disk and no image. */
      readonly name?: string
      readonly firmware?: 'bios' | 'uefi'
    },
    abort: AbortSignal,
  ): Promise<Refused | Taken | undefined>
  /** Removes what is half done and the raw disk; with `all` the whole of `home`. */
  clear(id: DiskTaskId, home: string, what: { readonly all: boolean }): Promise<void>
}

export interface ExportDisks {
  /** Writes the image's disk to a file of the task, in that format. */
  pack(
    task: {
      readonly id: DiskTaskId
      readonly format: ExportFormat
      readonly from: { readonly snapshot: SnapshotId } | { readonly image: ImageId; readonly file: string }
    },
    abort: AbortSignal,
  ): Promise<void>
  /** Makes that file the object; undefined where it is here no more. */
  send(
    task: { readonly id: DiskTaskId; readonly account: AccountId; readonly bucket: string; readonly key: string },
    abort: AbortSignal,
  ): Promise<Refused | { readonly bytes: number } | undefined>
  /** Removes that file. */
  discard(id: DiskTaskId): Promise<void>
}
