import type { ApiResult } from './api.ts'
import type { ApiRow } from './api-bench.ts'
import { memoryText, number, range, table } from './report-text.ts'

export function apiLines({ rows, memory, starts }: ApiResult): string[] {
  return [
    '## The API',
    '',
    'Signed requests over loopback, connections kept, from a client in a process of its own; hosts that say at once that they',
    'did as they were told. The floor is a bare `node:http` server that sends as many bytes, whatever it is asked; where the',
    'call is durable, it commits one row to SQLite before, so that it is on the disk.',
    '',
    '`CPU` is what the server used of a processor for each call, with all that came of it: a launch until the instance runs.',
    '',
    ...apiTable(rows),
    '### Start and memory',
    '',
    ...table(
      ['what', 'control plane', 'floor: the bare server'],
      [
        ['from exec to the first signed answer', range(starts.servedMs), range(starts.floorMs)],
        ['memory, nothing stored', memoryText(memory.idle), memoryText(memory.floor)],
        ['memory, at the end of all calls above', memoryText(memory.full), ''],
      ],
    ),
  ]
}

/** Each call beside its floor. */
export function apiTable(rows: readonly ApiRow[]): string[] {
  return table(
    ['call', 'at once', 'a second', 'floor', 'ratio', 'p50 ms', 'floor', 'p99 ms', 'floor', 'CPU ms', 'floor', 'KiB'],
    rows.map(apiRow),
  )
}

function apiRow({ title, connections, bytes, served, floor }: ApiRow): string[] {
  return [
    title,
    String(connections),
    number(served.perSecond),
    number(floor.perSecond),
    ratio(served.perSecond / floor.perSecond),
    number(served.latencyMs.median),
    number(floor.latencyMs.median),
    number(served.latencyMs.p99),
    number(floor.latencyMs.p99),
    number(served.processorMs),
    number(floor.processorMs),
    number(bytes / 1024),
  ]
}

function ratio(value: number): string {
  return value < 1 ? `1/${number(1 / value)}` : number(value)
}
