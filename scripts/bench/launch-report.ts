/** What launches took, as a part of the page. */
import type { LaunchResult, Many } from './launch.ts'
import { number, table } from './report-text.ts'
import { type Stage, stages, type Times } from './stages.ts'
import { median, type Summary, summarize } from './statistics.ts'

export function launchLines(result: LaunchResult): string[] {
  const { type, memoryMiB, accelerator, cloud, woken, ready, bare, many } = result
  return [
    '## A launch',
    '',
    `One ${type} (${memoryMiB} MiB) of the tiny image with ${accelerator}, from the signed RunInstances until its SSH server says who it`,
    'is to a client outside of the cloud, through edge, router and rules. The floor is QEMU alone, with the same kernel,',
    'ramdisk, image, memory and devices but for the ephemeral and the swap disk, on a tap with dnsmasq in a namespace; all but',
    `QEMU is there before. Launches of each, in turn: ${cloud.length}; the middle one, and between which all were, in milliseconds.`,
    '',
    '![A launch by stage](launch.svg)',
    '',
    '### A guest that stood by',
    '',
    'As the machine that stands by for the next launch, which is made in the background after the one before.',
    '',
    ...table(
      ['stage', 'since the request'],
      ordered(ready).map((stage) => stageRow(stage, ready, []).slice(0, 2)),
    ),
    '### A guest that wakes',
    '',
    'As a copy of a machine that was parked, where none stands by; DHCP and metadata come later.',
    '',
    ...table(
      ['stage', 'since the request', 'since QEMU'],
      ordered(woken).map((stage) => stageRow(stage, woken, []).slice(0, 3)),
    ),
    '### A guest that boots',
    '',
    'What was parked is deleted before.',
    '',
    ...table(
      ['stage', 'since the request', 'since QEMU', 'floor: since QEMU', 'ratio'],
      ordered(cloud).map((stage) => stageRow(stage, cloud, bare)),
    ),
    'The guest tells its own stages by the seconds since its kernel began; they are reckoned back from the banner, which is',
    'looked for every 20 ms.',
    '',
    ...(many ? manyLines(many) : []),
  ]
}

/** The stages in the order in which they came. */
function ordered(cloud: readonly Times[]): Stage[] {
  const known = (Object.keys(stages) as Stage[]).filter((stage) => cloud.some((it) => it[stage] !== undefined))
  return known.sort((a, b) => median(valuesOf(cloud, a)) - median(valuesOf(cloud, b)))
}

function stageRow(stage: Stage, cloud: readonly Times[], bare: readonly Times[]): string[] {
  const own = cloud.flatMap((it) => difference(it[stage], it.exec))
  const floor = valuesOf(bare, stage)
  const isLater = stage !== 'exec' && own.length > 0 && median(own) > 0
  const compared = isLater && floor.length > 0
  return [
    stages[stage],
    spread(summarize(valuesOf(cloud, stage))),
    isLater ? number(median(own)) : '',
    compared ? spread(summarize(floor)) : '',
    compared ? (median(own) / median(floor)).toFixed(2) : '',
  ]
}

function manyLines({ count, cloudMs, readyMs, bareMs }: Many): string[] {
  const row = (what: string, of: keyof Summary) => {
    const [cloud, ready, bare] = [cloudMs[of], readyMs[of], bareMs[of]]
    return [what, seconds(cloud), (cloud / bare).toFixed(2), seconds(ready), (ready / bare).toFixed(2), seconds(bare)]
  }
  return [
    `### ${count} at once`,
    '',
    `One request for ${count}, of whose guests one stood by and the others wake; the same where ${count} stood by`,
    `(\`"standbys": ${count}\`); the floor is ${count} times QEMU alone, each in a namespace of its own, since it was started.`,
    '',
    ...table(
      ['until SSH answers', 'one stood by', '/ floor', `${count} stood by`, '/ floor', 'floor'],
      [row('of the first, s', 'least'), row('of half of them, s', 'median'), row('of all, s', 'most')],
    ),
  ]
}

function valuesOf(all: readonly Times[], stage: Stage): number[] {
  return all.flatMap((it) => it[stage] ?? [])
}

function difference(at: number | undefined, from: number | undefined): number[] {
  return at === undefined || from === undefined ? [] : [at - from]
}

function spread({ median, least, most }: Summary): string {
  return `${Math.round(median)} (${Math.round(least)} to ${Math.round(most)})`
}

function seconds(ms: number): string {
  return number(ms / 1000)
}
