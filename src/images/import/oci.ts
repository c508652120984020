/** An OCI image: which layers it has, each checked by its digest. Source: OCI Image Specification 1.1. */
import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Fault } from '../../base/fault.ts'
import { type Budget, unpackLayer } from './unpack.ts'

interface Descriptor {
  readonly mediaType?: string
  readonly digest?: string
  readonly platform?: { readonly os?: string; readonly architecture?: string }
}

/** Of a manifest or an index: layers are named in it, not contained. */
const longestJson = 4 * 2 ** 20
const indexes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']

/** Unpacks the image for Linux on amd64 in the layout in `layout` into `root`. */
export async function unpackOci(layout: string, root: string, budget: Budget): Promise<void> {
  const manifest = await manifestOf(layout, await jsonAt(join(layout, 'index.json')), 0)
  const layers = Array.isArray(manifest['layers']) ? (manifest['layers'] as Descriptor[]) : []
  if (layers.length === 0) throw new Fault('it is an OCI image without layers')
  for (const it of layers) await unpackBlob(layout, it, root, budget)
}

/** Indexes may name indexes, though hardly ever do. */
const deepest = 4

async function manifestOf(
  layout: string,
  index: Record<string, unknown>,
  depth: number,
): Promise<Record<string, unknown>> {
  const found = Array.isArray(index['manifests']) ? (index['manifests'] as Descriptor[]) : []
  const fitting = found.filter(
    ({ platform }) => !platform || (platform.os === 'linux' && platform.architecture === 'amd64'),
  )
  const [only, ...others] = fitting
  if (!only || depth > deepest) throw new Fault('it is an OCI layout without an image for Linux on amd64')
  if (others.length > 0)
    throw new Fault(`it is an OCI layout with ${fitting.length} images: keep the one that is meant`)
  const content = await jsonAt(await checkedBlob(layout, only))
  return indexes.includes(only.mediaType ?? '') ? manifestOf(layout, content, depth + 1) : content
}

async function unpackBlob(layout: string, layer: Descriptor, root: string, budget: Budget): Promise<void> {
  const type = layer.mediaType ?? ''
  const packed = /^application\/vnd\.(?:oci|docker)\..*(?:tar|rootfs\.diff\.tar)(?:[.+](gzip|zstd))?$/.exec(type)
  if (!packed) throw new Fault(`it has a layer of a kind that is not known: ${type}`)
  const file = createReadStream(await checkedBlob(layout, layer))
  if (packed[1] === undefined) return await unpackLayer(file, root, budget)
  const unpacked = packed[1] === 'gzip' ? createGunzip() : createZstdDecompress()
  await pipeline(file, unpacked, (pieces: AsyncIterable<Buffer>) => unpackLayer(pieces, root, budget))
}

/** The file of a digest, whose content has it. */
async function checkedBlob(layout: string, { digest = '' }: Descriptor): Promise<string> {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1]
  if (hex === undefined) throw new Fault(`it has a digest that is none: ${digest}`)
  const path = join(layout, 'blobs', 'sha256', hex)
  await using handle = await openFile(path)
  const hash = createHash('sha256')
  for await (const piece of handle.createReadStream({ autoClose: false })) hash.update(piece as Buffer)
  if (hash.digest('hex') !== hex)
    throw new Fault(`the content of ${digest.slice(0, 19)}… is another than its digest says`)
  return path
}

async function jsonAt(path: string): Promise<Record<string, unknown>> {
  await using handle = await openFile(path)
  if ((await handle.stat()).size > longestJson)
    throw new Fault('it is an OCI layout with a description that is too long')
  const parsed: unknown = JSON.parse(await handle.readFile('utf8'))
  if (typeof parsed !== 'object' || parsed === null) throw new Fault('it is an OCI layout that cannot be read')
  return parsed as Record<string, unknown>
}

/** A layout that came as an archive is as its maker wanted it: a link in it may lead to any file of ours. */
async function openFile(path: string) {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw new Fault(`it is an OCI layout without ${path.split('/').slice(-1)[0]}`, { cause })
  })
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new Fault('it is an OCI layout that cannot be read')
}
