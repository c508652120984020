import type { Moved, ObjectsResult } from './objects.ts'
import { number, table } from './report-text.ts'
import type { Summary } from './statistics.ts'

export function objectsLines({
  mebibytes,
  client,
  copyMs,
  flushedMs,
  moves,
  restMs,
  memoryMiB,
}: ObjectsResult): string[] {
  return [
    '## Objects',
    '',
    `A file of ${number(mebibytes)} MiB moved by ${client} over loopback, from page cache. An upload is on the disk when it is answered.`,
    'The floor is a server on bare `node:http` that hashes, verifies and keeps nothing: what is left is the client. In turn,',
    `with \`cp\` of the same file: ${seconds(copyMs)}; with what it wrote flushed: ${seconds(flushedMs)}.`,
    '',
    ...table(
      ['way', 's', 'floor', '/ floor', 'floor / `cp`', '/ `cp`', '/ flushed `cp`', 'CPU of the server, s', 'floor'],
      [row('up', moves.up), row('down', moves.down)],
    ),
    `An API call on one connection: p50 ${latency(restMs)} when nothing is moved, ${latency(moves.up.callMs)} during`,
    `an upload, ${latency(moves.down.callMs)} during a download. Resident memory of the control plane at most: ${number(memoryMiB.before)}`,
    `MiB before, ${number(memoryMiB.most)} MiB in the end.`,
    '',
  ]

  function row(way: string, { servedMs, floorMs, servedProcessorMs, floorProcessorMs }: Moved): string[] {
    const ratio = (a: Summary, b: Summary) => number(a.median / b.median)
    return [
      ...[way, seconds(servedMs), seconds(floorMs), ratio(servedMs, floorMs), ratio(floorMs, copyMs)],
      ...[ratio(servedMs, copyMs), ratio(servedMs, flushedMs)],
      ...[number(servedProcessorMs / 1000), number(floorProcessorMs / 1000)],
    ]
  }
}

const seconds = ({ median, least, most }: Summary) =>
  `${number(median / 1000)} (${number(least / 1000)} to ${number(most / 1000)})`
const latency = ({ median, p99 }: Summary) => `${number(median)} ms (p99 ${number(p99)})`
