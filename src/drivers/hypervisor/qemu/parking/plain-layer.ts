/** What a parked machine has left of its root disk: its process, which its guest may have taken over, wrote that file. */
import { open } from 'node:fs/promises'
import { Fault } from '../../../../base/fault.ts'
import { run } from '../../../../base/subprocess.ts'

/** Source: QEMU, docs/interop/qcow2.txt, "Header": version, where and how long the name of the file below is, size, features. */
async function headerOf(file: string): Promise<{ base: string; bytes: number; features: bigint }> {
  await using handle = await open(file, 'r')
  const header = Buffer.alloc(104)
  await handle.read(header, 0, header.length, 0)
  const length = Math.min(header.readUInt32BE(16), 1023)
  const name = Buffer.alloc(length)
  await handle.read(name, 0, length, Number(header.readBigUInt64BE(8)))
  return { base: name.toString(), bytes: Number(header.readBigUInt64BE(24)), features: header.readBigUInt64BE(72) }
}

/** How many bytes the disk has. Throws unless it is a plain layer over this image. */
export async function requireLayerOf(file: string, image: string): Promise<number> {
  const { base, bytes, features } = await headerOf(file)
  if (base !== image || features !== 0n) throw new Fault(`the disk lies over ${base} and not over ${image}`)
  const told = JSON.parse(await run('qemu-img', ['info', '--output=json', file])) as Record<string, unknown>
  if (told['backing-filename-format'] !== 'raw') throw new Fault(`${image} is not called raw by the disk over it`)
  return bytes
}
