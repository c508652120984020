/** What was measured, as a page. */
import type { ApiResult } from './api.ts'
import type { ApiRow } from './api-bench.ts'
import type { LaunchResult } from './launch.ts'
import { launchLines } from './launch-report.ts'
import type { Machine, Memory } from './machine.ts'
import type { NetworkResult } from './network.ts'
import { networkLines } from './network-report.ts'
import type { ObjectsResult } from './objects.ts'
import { objectsLines } from './objects-report.ts'
import { number, range, table } from './report-text.ts'
import type { VolumesResult } from './volumes.ts'
import { volumesLines } from './volumes-report.ts'

export interface Results {
  readonly takenAt: string
  readonly machine: Machine
  readonly api?: ApiResult
  readonly launch?: LaunchResult
  readonly network?: NetworkResult
  readonly volumes?: VolumesResult
  readonly objects?: ObjectsResult
  /** Why a part that was asked for is missing. */
  readonly missing: readonly string[]
}

export function page({ takenAt, machine, api, launch, network, volumes, objects, missing }: Results): string {
  return [
    '# Performance',
    '',
    'Made by `npm run bench`. Each figure stands beside its floor: the least that such a thing costs here, measured in turn',
    'with it. Machines differ, and what else they do differs more; the ratio is what to look at, and what to compare. A run writes',
    'the parts that it measured; the others stay from the one before.',
    '',
    ...machineLines(machine, takenAt, launch?.accelerator),
    ...missing.flatMap((it) => [`Not measured: ${it}.`, '']),
    ...(launch ? launchLines(launch) : []),
    ...(network ? networkLines(network) : []),
    ...(volumes ? volumesLines(volumes) : []),
    ...(api ? apiLines(api) : []),
    ...(objects ? objectsLines(objects) : []),
  ].join('\n')
}

function machineLines(machine: Machine, takenAt: string, accelerator = 'not asked'): string[] {
  return [
    '## The machine',
    '',
    ...table(
      ['what', ''],
      [
        ['taken', takenAt],
        ['system', `${machine.system}, kernel ${machine.kernel}`],
        ['processor', `${machine.processor}, ${machine.cores} cores`],
        ['memory', `${machine.memoryGiB} GiB`],
        ['Node', machine.node],
        ['QEMU', `${machine.qemu}, accelerator: ${accelerator}`],
        ['load when it began', machine.loadBefore.toFixed(1)],
      ],
    ),
  ]
}

function apiLines({ rows, memory, starts }: ApiResult): string[] {
  return [
    '## The API',
    '',
    'Signed requests over loopback, connections kept, from a client in a process of its own; hosts that say at once that they',
    'did as they were told. The floor is a bare `node:http` server that sends as many bytes, whatever it is asked; where the',
    'call is durable, it commits one row to SQLite before, so that it is on the disk.',
    '',
    '`CPU` is what the server used of a processor for each call, with all that came of it: a launch until the instance runs.',
    '',
    ...table(
      ['call', 'at once', 'a second', 'floor', 'ratio', 'p50 ms', 'floor', 'p99 ms', 'floor', 'CPU ms', 'floor', 'KiB'],
      rows.map(apiRow),
    ),
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

function memoryText({ rssMiB, pssMiB, privateMiB }: Memory): string {
  return `${number(pssMiB)} MiB (RSS ${number(rssMiB)}, private ${number(privateMiB)})`
}
