/** What was measured of volumes, as a part of the page. */
import { type FioResult, fioRegionMiB, type PatternName, patterns } from './fio.ts'
import { number, range, table } from './report-text.ts'
import { median } from './statistics.ts'
import type { Place, VolumesResult } from './volumes.ts'

export function volumesLines({ accelerator, load, seconds, rounds, disks, ...times }: VolumesResult): string[] {
  const { attach, snapshots, firstRead } = times
  return [
    '## Volumes',
    '',
    `fio in a guest (m1.small, tiny image, ${accelerator}), past its page cache, on ${fioRegionMiB} MiB of a volume and of its instance`,
    'storage; the floor is a bare QEMU with the same memory, as much of the processors, and a raw file, in turn with them. Requests a second; for',
    `those of 1M, MiB a second. ${rounds} times ${seconds} s each, the middle one; load when it began ${load.toFixed(1)}.`,
    '',
    ...table(
      ['what', 'bare QEMU, a raw file', 'volume', 'instance storage', 'volume / bare', 'instance / bare'],
      (Object.keys(patterns) as PatternName[]).map((it) => patternRow(disks, it)),
    ),
    '| from | to | took |',
    '| --- | --- | ---: |',
    `| AttachVolume is sent | the guest has the device by its name | ${range(attach)} |`,
    ...snapshots.flatMap(({ changedMiB, answeredMs, completedMs }) => [
      `| CreateSnapshot is sent, 10 GiB, ${number(changedMiB)} MiB changed | it is answered | ${number(answeredMs)} ms |`,
      `|  | the snapshot is complete | ${number(completedMs)} ms |`,
    ]),
    `| CreateVolume of that snapshot is sent | attached, the guest has read of it | ${range(firstRead)} |`,
    '',
  ]
}

function patternRow(disks: Readonly<Record<Place, readonly FioResult[]>>, name: PatternName): string[] {
  const of = (place: Place) => median(disks[place].map((it) => it[name]))
  const [bare, volume, instance] = [of('bare'), of('volume'), of('instance')]
  const ratios = [volume / bare, instance / bare].map((it) => it.toFixed(2))
  return [patterns[name].title, ...[bare, volume, instance].map(number), ...ratios]
}
