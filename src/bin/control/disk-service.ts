/** The outside of imports and exports: object store, files of images and snapshots, and who converts one into the other. */
import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../base/files.ts'
import type { ExportDisks, ImportDisks } from '../../control/disk-tasks/disks.ts'
import type { ReadObject } from '../../control/images/bundle-images.ts'
import { exportDisk } from '../../images/export.ts'
import type { DiskFormat } from '../../images/import/disk-format.ts'
import { type DiskTasks, taskFolder } from '../../images/import/disk-tasks.ts'
import type { AccountId, SnapshotId } from '../../model/ids.ts'

export interface DiskServiceParts {
  readonly tasks: DiskTasks
  readonly read: ReadObject
  /** Makes the file an object, if the account may; whether it may. */
  readonly write: (
    account: AccountId,
    at: { readonly bucket: string; readonly key: string },
    file: string,
    abort: AbortSignal,
  ) => Promise<boolean>
  /** The qcow2 that holds the snapshot, over others. */
  readonly snapshotFile: (id: SnapshotId) => Promise<string>
  /** Of images: `<folder>/<image>/<file>`. */
  readonly folder: string
}

export class DiskService implements ImportDisks, ExportDisks {
  readonly #parts: DiskServiceParts

  constructor(parts: DiskServiceParts) {
    this.#parts = parts
  }

  async fetch(task: Parameters<ImportDisks['fetch']>[0], abort: AbortSignal) {
    const { id, account, bucket, key } = task
    const source = await this.#parts.read(account, { bucket, key }, abort)
    if (!source) return { refused: `there is no s3://${bucket}/${key}, or it may not be read` }
    return this.#parts.tasks.fetch(id, source, abort)
  }

  convert({ id, home, format, ...more }: Parameters<ImportDisks['convert']>[0], abort: AbortSignal) {
    const said = format === null ? {} : { format: format.toLowerCase() as DiskFormat } // one that is known, see ImportImage
    return this.#parts.tasks.convert(id, { home, ...said, ...more }, abort)
  }

  clear(id: string, home: string, what: { readonly all: boolean }): Promise<void> {
    return this.#parts.tasks.clear(id, home, what)
  }

  async pack({ id, format, from }: Parameters<ExportDisks['pack']>[0], abort: AbortSignal): Promise<void> {
    const disk =
      'snapshot' in from
        ? ({ file: await this.#parts.snapshotFile(from.snapshot), format: 'qcow2' } as const)
        : ({ file: join(this.#parts.folder, from.image, from.file), format: 'raw' } as const)
    await exportDisk(disk, this.#packed(id), format, abort)
  }

  async send({ id, account, ...at }: Parameters<ExportDisks['send']>[0], abort: AbortSignal) {
    const file = this.#packed(id)
    if (!(await exists(file))) return undefined
    if (await this.#parts.write(account, at, file, abort)) return { bytes: (await stat(file)).size }
    return { refused: `s3://${at.bucket}/${at.key} may not be written, or there is no such bucket` }
  }

  async discard(id: string): Promise<void> {
    await rm(taskFolder(this.#parts.folder, id), { recursive: true, force: true })
  }

  #packed(id: string): string {
    return join(taskFolder(this.#parts.folder, id), 'disk')
  }
}

/** The file's bytes, until they are asked to stop. */
export async function* bytesOf(file: string, abort: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    abort.throwIfAborted()
    yield chunk as Buffer
  }
}
