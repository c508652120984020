import { copyFileSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { messageOf } from './fault.ts'

/** When a log begins anew. Two files of this size are kept: weeks of an ordinary cloud. */
const longestBytes = 8 * 2 ** 20

/**
 * Opens a file to append lines to; each is with the kernel when `write` returns. A file that has become longer than `limit` bytes
 * becomes `FILE.1`, in place of the one before, and begins anew. It is copied and cut, not renamed: others who append to it,
 * as an agent's standard error does, stay with it. Writing never throws: where there is no room, lines are lost, and the
 * next one that finds room is preceded by how many.
 */
export function openLogFile(file: string, limit = longestBytes): (line: string) => void {
  const descriptor = openSync(file, 'a', 0o640)
  let turnAt = limit
  let lost = 0
  /** What was written since its size was last asked for. */
  let since = Number.POSITIVE_INFINITY
  const turn = (size: number) => {
    turnAt = size + limit // Where it cannot be copied: later.
    copyFileSync(file, `${file}.1`)
    ftruncateSync(descriptor)
    turnAt = limit
  }
  return (line) => {
    try {
      const isTime = since >= limit / 256
      if (isTime) since = 0
      const size = isTime ? fstatSync(descriptor).size : 0
      if (size >= turnAt) turn(size)
    } catch (error) {
      line += `${JSON.stringify({ msg: `the log cannot begin anew: ${messageOf(error)}` })}\n`
    }
    since += line.length
    try {
      if (lost > 0) writeAll(descriptor, `${JSON.stringify({ msg: `${lost} lines were lost: they found no room` })}\n`)
      lost = 0
      writeAll(descriptor, line)
    } catch {
      lost++ // It is told as soon as something can be told.
    }
  }
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
}
