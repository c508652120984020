/** What was measured, as a page. */
import type { ApiResult } from './api.ts'
import { apiLines } from './api-report.ts'
import type { LaunchResult } from './launch.ts'
import { launchLines } from './launch-report.ts'
import type { Machine } from './machine.ts'
import type { NetworkResult } from './network.ts'
import { networkLines } from './network-report.ts'
import type { ObjectsResult } from './objects.ts'
import { objectsLines } from './objects-report.ts'
import { table } from './report-text.ts'
import type { ScaleResult } from './scale.ts'
import { scaleLines } from './scale-report.ts'
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
  readonly scale?: ScaleResult
  /** Why a part that was asked for is missing. */
  readonly missing: readonly string[]
}

export function page({ takenAt, machine, api, launch, network, volumes, objects, scale, missing }: Results): string {
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
    ...(scale ? scaleLines(scale) : []),
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
