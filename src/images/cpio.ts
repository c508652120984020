/** A file of an archive or a file system. Paths have no leading slash; a folder stands before what is in it. */
export type Entry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'device'
      readonly path: string
      readonly mode: number
      readonly major: number
      readonly minor: number
    }

const types = { folder: 0o040000, file: 0o100000, link: 0o120000, device: 0o020000 } as const

/**
 * An initial RAM disk: all entries owned by root, all times 0, so that the same entries give the same bytes.
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst ("newc").
 */
export function cpio(entries: readonly Entry[]): Buffer {
  const records = entries.map((it, index) => record(it, index + 1))
  return Buffer.concat([...records, record({ kind: 'file', path: 'TRAILER!!!', mode: 0, content: Buffer.alloc(0) }, 0)])
}

function record(entry: Entry, inode: number): Buffer {
  const data = contentOf(entry)
  const mode = types[entry.kind] | ('mode' in entry ? entry.mode : 0o777)
  const [major, minor] = entry.kind === 'device' ? [entry.major, entry.minor] : [0, 0]
  const name = Buffer.from(`${entry.path}\0`)
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, major, minor, name.length, 0]
  const header = Buffer.from(`070701${fields.map((it) => it.toString(16).padStart(8, '0')).join('')}`)
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(data)])
}

function contentOf(entry: Entry): Buffer {
  if (entry.kind === 'file') return entry.content
  return Buffer.from(entry.kind === 'link' ? entry.target : '')
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}
