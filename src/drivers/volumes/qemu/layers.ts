import { chmod, chown, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../../base/fault.ts'
import { hex, type Random } from '../../../base/random.ts'
import { run } from '../../../base/subprocess.ts'

/** A layer's file: `0.qcow2`, over it `1.qcow2`, and so on. The highest is the one that is written to. */
export function layerFile(folder: string, layer: number): string {
  return join(folder, `${layer}.qcow2`)
}

/** The highest layer in `folder`. Throws where there is none, or one is missing below. */
export async function topLayer(folder: string): Promise<number> {
  const numbers = (await readdir(folder)).flatMap((it) => /^(\d+)\.qcow2$/.exec(it)?.[1] ?? []).map(Number)
  const top = Math.max(-1, ...numbers)
  if (top < 0) throw new Fault('the volume has no layer')
  for (let layer = 0; layer <= top; layer++)
    if (!numbers.includes(layer)) throw new Fault(`layer ${layer} of the volume is missing`)
  return top
}

/**
 * A new layer at `file`, in which nothing was written yet; complete before it has its name. What it lies over is qcow2 too, named in
 * it by us: only the server writes to these files, and guests never to their headers.
 */
export async function makeLayer(
  file: string,
  { over, sizeMiB, user, random }: { over?: string; sizeMiB: number; user: number; random: Random },
): Promise<void> {
  const partial = `${file}.${hex(random, 8)}`
  const backing = over === undefined ? [] : ['-u', '-F', 'qcow2', '-b', over]
  const options = ['-o', 'compat=1.1,lazy_refcounts=off,cluster_size=65536']
  try {
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, ...backing, partial, `${sizeMiB}M`])
    await chown(partial, user, user)
    await chmod(partial, 0o600)
    await rename(partial, file)
  } finally {
    await rm(partial, { force: true })
  }
}
