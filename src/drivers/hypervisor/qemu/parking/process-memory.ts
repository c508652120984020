/**
 * The memory of a process, piece by piece: what it has touched of it.
 * Source: proc_pid_maps(5), proc_pid_mem(5); Linux, Documentation/admin-guide/mm/pagemap.rst (bits 62 and 63: swapped, present).
 */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { type Chunk, memoryName } from './memory.ts'

export interface MemoryMap {
  readonly address: number
  readonly length: number
  /** In the file that it maps. */
  readonly offset: number
}

const pageBytes = 4096
const chunkPages = 256

/** Where a process has a parked memory, and where it has memory of its own to write to. */
export async function mapsOf(pid: number): Promise<{ readonly parked: MemoryMap[]; readonly own: MemoryMap[] }> {
  const lines = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n')
  const found = lines.flatMap((line) => {
    const [, from, to, mode, offset, name = ''] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \S+ *(.*)$/.exec(line) ?? []
    if (!from || !to || !mode || !offset) return []
    const [address, end, start] = [from, to, offset].map((it) => Number.parseInt(it, 16)) as [number, number, number]
    return [{ mode, name, address, length: end - address, offset: start }]
  })
  const isParked = ({ name }: { name: string }) => name.split(' ')[0] === `/memfd:${memoryName}`
  return {
    parked: found.filter(isParked),
    own: found.filter((it) => it.mode.startsWith('rw') && it.mode.endsWith('p') && !isParked(it)),
  }
}

/** Pieces of whole pages, in order, by where they are in the map. Pages that the process never touched are passed over. */
export async function* touchedPieces(pid: number, { address, length }: MemoryMap): AsyncGenerator<Chunk> {
  await using memory = await open(`/proc/${pid}/mem`, 'r')
  await using pages = await open(`/proc/${pid}/pagemap`, 'r')
  for (let page = 0; page < length / pageBytes; page += chunkPages) {
    const count = Math.min(chunkPages, length / pageBytes - page)
    const there = await areThere(pages, address / pageBytes + page, count)
    for (const [first, last] of runsOf(there)) {
      const [offset, bytes] = [(page + first) * pageBytes, Buffer.alloc((last - first) * pageBytes)]
      const { bytesRead } = await memory.read(bytes, 0, bytes.length, address + offset)
      yield { offset, bytes: bytes.subarray(0, bytesRead) }
    }
  }
}

async function areThere(pages: FileHandle, first: number, count: number): Promise<boolean[]> {
  const entries = Buffer.alloc(8 * count)
  await pages.read(entries, 0, entries.length, 8 * first)
  return Array.from({ length: count }, (_, index) => (entries[8 * index + 7]! & 0xc0) !== 0) // within the buffer
}

/** Where it is true in a row: first, and first that is not. */
function runsOf(there: readonly boolean[]): [first: number, last: number][] {
  const runs: [number, number][] = []
  for (let first = there.indexOf(true); first >= 0; ) {
    const end = there.indexOf(false, first)
    const last = end < 0 ? there.length : end
    runs.push([first, last])
    first = there.indexOf(true, last)
  }
  return runs
}
