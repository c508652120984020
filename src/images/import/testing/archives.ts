/** Archives and OCI layouts as tests want them, the impossible ones too. */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface TarMember {
  readonly name: string
  /** The type's letter: `0` file, `1` hard link, `2` symbolic link, `5` folder. */
  readonly type?: string
  readonly content?: string
  readonly target?: string
  readonly mode?: number
  /** Said instead of the content's own. */
  readonly size?: number
}

/** Owned by whoever runs the test, who can then unpack it. */
export function tar(...members: readonly TarMember[]): Buffer {
  return Buffer.concat([...members.map(member), Buffer.alloc(1024)])
}

function member({ name, type = '0', content = '', target = '', mode = 0o644, size }: TarMember): Buffer {
  const data = Buffer.from(content)
  const header = Buffer.alloc(512)
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`
  header.write(name, 0)
  header.write(octal(mode, 8), 100)
  header.write(octal(process.getuid?.() ?? 0, 8), 108)
  header.write(octal(process.getgid?.() ?? 0, 8), 116)
  header.write(octal(size ?? data.length, 12), 124)
  header.write(octal(1_700_000_000, 12), 136)
  header.write('        ', 148)
  header.write(type, 156)
  header.write(target, 157)
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((all, it) => all + it, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)])
}

export interface Layer {
  readonly content: Buffer
  readonly mediaType: string
}

export const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex')

/** Writes a layout with one image of these layers into `folder`. */
export async function writeLayout(folder: string, layers: readonly Layer[]): Promise<void> {
  const blobs = join(folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  const put = async (content: Buffer) => {
    await writeFile(join(blobs, digestOf(content)), content)
    return `sha256:${digestOf(content)}`
  }
  const named = await Promise.all(
    layers.map(async ({ content, mediaType }) => ({ mediaType, digest: await put(content), size: content.length })),
  )
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const digest = await put(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, layers: named })))
  const platform = { os: 'linux', architecture: 'amd64' }
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, platform }] }),
  )
}
