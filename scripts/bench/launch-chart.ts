/** A launch by stage, drawn: one bar for a guest that stood by, one that wakes, one that boots, and the floor. Milliseconds to the right. */
import type { LaunchResult } from './launch.ts'
import { type Stage, stages, type Times } from './stages.ts'
import { median } from './statistics.ts'

/** Stages that follow each other, as bars show them. */
const shown = [
  'answered',
  'disks',
  'exec',
  'run',
  'kernel',
  'root',
  'woken',
  'lease',
  'banner',
] as const satisfies readonly Stage[]
const colours = ['#4c78a8', '#72b7b2', '#54a24b', '#eeca3b', '#f58518', '#e45756', '#b279a2', '#9d755d', '#bab0ac']
const [width, left, barHeight, gap] = [900, 90, 34, 16]

export function launchChart({ cloud, woken, ready, bare }: LaunchResult): string {
  const bars = Object.entries({
    'stood by': ready,
    woken,
    booted: cloud,
    'bare QEMU': bare.map((it) => ({ ...it, exec: 0 })),
  })
  const longest = Math.max(...bars.map(([, all]) => middle(all, 'banner') ?? 0))
  const scale = (width - left - 70) / longest
  const drawn = bars.flatMap(([name, all], row) => bar(name, all, row * (barHeight + gap), scale))
  const legendTop = bars.length * (barHeight + gap) + 10
  const legend = shown.map((stage, index) => {
    const [x, y] = [left + (index % 3) * 270, legendTop + Math.floor(index / 3) * 22]
    return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colours[index]}"/><text x="${x + 18}" y="${y + 11}">${stages[stage]}</text>`
  })
  const height = legendTop + 70
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">
<title>A launch by stage</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${[...drawn, ...legend].join('\n')}
</svg>
`
}

function bar(name: string, all: readonly Times[], y: number, scale: number): string[] {
  let from = 0
  const parts = shown.flatMap((stage, index) => {
    const to = middle(all, stage)
    if (to === undefined || to <= from) return []
    const part = `<rect x="${left + from * scale}" y="${y}" width="${(to - from) * scale}" height="${barHeight}" fill="${colours[index]}"><title>${stages[stage]}: ${Math.round(to)} ms</title></rect>`
    from = to
    return [part]
  })
  const label = `<text x="${left - 8}" y="${y + 22}" text-anchor="end">${name}</text>`
  return [label, ...parts, `<text x="${left + from * scale + 8}" y="${y + 22}">${Math.round(from)} ms</text>`]
}

function middle(all: readonly Times[], stage: Stage): number | undefined {
  const values = all.flatMap((it) => it[stage] ?? [])
  return values.length === 0 ? undefined : median(values)
}
