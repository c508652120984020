import { open, rename, rm, stat } from 'node:fs/promises'

const chunkBytes = 4 * 1024 * 1024

/**
 * Copies a file that nobody writes to, zeros as holes, and has it on disk before it has its name. `report` hears how many bytes were
 * read since it last did.
 */
export async function copyFrozen(
  from: string,
  to: string,
  report: (bytes: number) => void,
  abort: AbortSignal,
): Promise<number> {
  const partial = `${to}.new`
  try {
    await copyTo(from, partial, report, abort)
    await rename(partial, to)
    return (await stat(to)).blocks * 512
  } finally {
    await rm(partial, { force: true })
  }
}

async function copyTo(from: string, to: string, report: (bytes: number) => void, abort: AbortSignal): Promise<void> {
  await using source = await open(from)
  await using target = await open(to, 'w', 0o400)
  const { size } = await source.stat()
  await target.truncate(size)
  const buffer = Buffer.alloc(chunkBytes)
  for (let at = 0; at < size; ) {
    abort.throwIfAborted()
    const { bytesRead } = await source.read(buffer, 0, chunkBytes, at)
    if (bytesRead === 0) break
    const chunk = buffer.subarray(0, bytesRead)
    if (!isZero(chunk)) await target.write(chunk, 0, bytesRead, at)
    at += bytesRead
    report(bytesRead)
  }
  await target.sync()
}

const zeros = Buffer.alloc(chunkBytes)

function isZero(chunk: Buffer): boolean {
  return chunk.equals(zeros.subarray(0, chunk.length))
}
