/** Disks out of an object store and into it, as files: what the tasks of the control plane that import and export do outside. */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { Fault, messageOf } from '../../base/fault.ts'
import { exists } from '../../base/files.ts'
import type { Log } from '../../base/log.ts'
import { SubprocessError } from '../../base/subprocess.ts'
import { fileIn } from '../image-folder.ts'
import { convertDisk, requireRoom } from './convert.ts'
import type { DiskFormat } from './disk-format.ts'
import { importDisk, type Lender } from './import.ts'

/** Why a disk is not taken, in words for whoever sent it. */
export interface Refused {
  readonly refused: string
}

/** What was found in a disk: its size and digest, and of an image how it starts. */
export interface Taken {
  readonly bytes: number
  readonly digest: string
  readonly boot?: {
    readonly kernel?: string
    readonly ramdisk?: string
    readonly commandLine: string
    readonly firmware?: 'bios' | 'uefi'
  }
}

export interface DiskTaskParts {
  /** Images: `<folder>/<image>/<file>`; what a task has half done lies in `<folder>/.tasks/<task>`. */
  readonly folder: string
  /** A kernel for file systems that have none. */
  readonly lender: () => Promise<Lender>
  readonly largestGiB: number
  /** Whether guests can be started by UEFI here. */
  readonly hasUefi: () => Promise<boolean>
  readonly clock: Clock
  readonly log: Log
}

export interface Source {
  readonly bytes: number
  readonly content: AsyncGenerator<Buffer>
}

export interface Wanted {
  /** The folder that the disk comes to lie in, as `root.img`. */
  readonly home: string
  readonly format?: DiskFormat
  /** What the image is called; absent: it is no image, but a disk like any other. */
  readonly name?: string
  readonly firmware?: 'bios' | 'uefi'
}

/** Where a task keeps what it has half done. */
export function taskFolder(images: string, task: string): string {
  return join(images, '.tasks', task)
}

export class DiskTasks {
  readonly #parts: DiskTaskParts

  constructor(parts: DiskTaskParts) {
    this.#parts = parts
  }

  /** Brings the object here, whole or not at all. */
  async fetch(task: string, source: Source, abort: AbortSignal): Promise<Refused | { bytes: number }> {
    const scratch = await this.#scratch(task)
    return this.#judged(task, abort, async () => {
      try {
        await requireRoom(scratch, source.bytes)
        await keep(source, join(scratch, 'source.part'), abort)
      } finally {
        await source.content.return(undefined)
      }
      await rename(join(scratch, 'source.part'), join(scratch, 'source'))
      return { bytes: source.bytes }
    })
  }

  /** Makes a raw disk of what was fetched, in a folder that is there whole or not at all; undefined where nothing was. */
  async convert(task: string, wanted: Wanted, abort: AbortSignal): Promise<Refused | Taken | undefined> {
    const target = join(this.#parts.folder, wanted.home)
    if (await exists(target)) return JSON.parse(await readFile(join(target, 'taken.json'), 'utf8')) as Taken
    const scratch = await this.#scratch(task)
    const source = join(scratch, 'source')
    if (!(await exists(source))) return undefined
    const made = join(scratch, 'made')
    for (const it of [made, join(scratch, 'work')]) await rm(it, { recursive: true, force: true })
    await mkdir(made, { mode: 0o755 })
    await mkdir(join(scratch, 'work'), { mode: 0o700 })
    const taken = await this.#judged(task, abort, () => this.#take(source, made, join(scratch, 'work'), wanted, abort))
    if ('refused' in taken) return taken
    await writeFile(join(made, 'taken.json'), JSON.stringify(taken), { flush: true })
    await rename(made, target)
    return taken
  }

  /** Removes what the task has half done, and the raw disk, which has become a snapshot; with `all` whatever it made. */
  async clear(task: string, home: string, { all }: { all: boolean }): Promise<void> {
    const target = join(this.#parts.folder, home)
    await rm(taskFolder(this.#parts.folder, task), { recursive: true, force: true })
    await rm(all ? target : join(target, 'root.img'), { recursive: true, force: true })
  }

  async #take(source: string, made: string, work: string, wanted: Wanted, abort: AbortSignal): Promise<Taken> {
    const { largestGiB, lender, clock } = this.#parts
    const root = join(made, 'root.img')
    const format = wanted.format && { format: wanted.format }
    await chmod(join(work, '..'), 0o711) // The confined user passes through it to its own.
    if (wanted.name === undefined) {
      await convertDisk(source, root, { scratch: work, owned: true, largestGiB, abort, ...format })
      await chmod(root, 0o644)
      const { bytes, sha256: digest } = await fileIn(made, 'root.img')
      return { bytes, digest }
    }
    const {
      kernel,
      ramdisk,
      commandLine,
      firmware,
      root: disk,
      recipe,
    } = await importDisk(source, made, {
      ...{ name: wanted.name, scratch: work, largestGiB, abort, ...format, lender },
      ...{ uuid: randomUUID(), now: clock.now(), account: '', progress: () => {} },
      ...(wanted.firmware && { firmware: wanted.firmware }),
    })
    if (firmware === 'uefi' && !(await this.#parts.hasUefi()))
      throw new Fault('it starts by UEFI, and the package ovmf is not installed here')
    return {
      ...{ bytes: disk.bytes, digest: recipe },
      boot: {
        ...{ commandLine, ...(firmware && { firmware }) },
        ...(kernel && { kernel: kernel.file }),
        ...(ramdisk && { ramdisk: ramdisk.file }),
      },
    }
  }

  async #scratch(task: string): Promise<string> {
    const folder = taskFolder(this.#parts.folder, task)
    await mkdir(folder, { recursive: true, mode: 0o711 })
    return folder
  }

  /** What the disk is to blame for is final; anything else may be tried again. */
  async #judged<T>(task: string, abort: AbortSignal, work: () => Promise<T>): Promise<T | Refused> {
    try {
      return await work()
    } catch (error) {
      abort.throwIfAborted()
      if (!(error instanceof Fault) || error instanceof SubprocessError) throw error
      this.#parts.log.warn({ task, reason: messageOf(error) }, 'a disk is refused')
      return { refused: messageOf(error) }
    }
  }
}

/** Writes it, flushed. More than was announced is refused. */
async function keep({ bytes, content }: Source, file: string, abort: AbortSignal): Promise<void> {
  await using handle = await open(file, 'w', 0o600)
  let at = 0
  for await (const chunk of content) {
    abort.throwIfAborted()
    if (at + chunk.length > bytes) throw new Fault('it is longer than it was said to be')
    for (let done = 0; done < chunk.length; )
      done += (await handle.write(chunk, done, chunk.length - done, at + done)).bytesWritten
    at += chunk.length
  }
  if (at !== bytes) throw new Error('the object ended early')
  await handle.sync()
}
