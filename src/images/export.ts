import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { run } from '../base/subprocess.ts'

/** Formats that images go out in: what QEMU's driver of each is told, so that others' tools read it. */
const outputs = {
  RAW: ['-O', 'raw'],
  VMDK: ['-O', 'vmdk', '-o', 'subformat=streamOptimized'],
  VHD: ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'],
} as const

export interface Disk {
  readonly file: string
  /** Of a qcow2 the layers below it are ours too. */
  readonly format: 'raw' | 'qcow2'
}

/**
 * Writes the disk to `target`, whole or not at all. Nothing of the disk's bytes is taken for a format: guests write within.
 * Source: qemu-img(1), "convert"; VM Import/Export User Guide: VMDKs are stream-optimized, VHDs dynamic.
 */
export async function exportDisk(
  { file, format }: Disk,
  target: string,
  as: keyof typeof outputs,
  abort: AbortSignal,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o711 })
  const partial = `${target}.part`
  await rm(partial, { force: true })
  const args = ['convert', '-q', '-f', format, ...outputs[as], file, partial]
  await run('qemu-img', args, { abort, timeoutMs: 3_600_000 })
  await rename(partial, target)
}
