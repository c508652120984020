import { apiTable } from './api-report.ts'
import { inTeam, inVpc, terminated, volumesEach } from './region.ts'
import { memoryText, number, table } from './report-text.ts'
import type { ScaleResult } from './scale.ts'

export function scaleLines({ hosts, regions }: ScaleResult): string[] {
  const last = regions.at(-1)
  const sizes = regions.map((it) => number(it.instances))
  return [
    '## A full region',
    '',
    `${number(hosts)} hosts that do at once what they are told, and ${sizes.join(', then ')} instances of one account, each with an interface, a`,
    `public address and ${volumesEach} volumes: rows that are copies of what a launch made (\`npm run bench:scale\`). ${inVpc} instances are in a VPC, ${inTeam}`,
    `have the same tag, and ${terminated} more are terminated. Of one instance: another one each time. Launches are in all subnets in turn.`,
    '',
    ...apiTable(regions.flatMap((it) => it.rows)),
    ...table(
      ['what', ...sizes],
      [
        ['from exec to the first signed answer, ms', ...regions.map((it) => number(it.readyMs))],
        ['from the hosts’ hello until all have what they were told, ms', ...regions.map((it) => number(it.settledMs))],
        ['memory then', ...regions.map((it) => memoryText(it.memory.settled))],
        ['memory, at the end of all calls above', ...regions.map((it) => memoryText(it.memory.end))],
      ],
    ),
    ...(regions.length > 1 && last
      ? ['Rates with the most beside those with the fewest, at 8 connections:', '', ...flatness(regions)]
      : []),
  ]
}

function flatness(regions: ScaleResult['regions']): string[] {
  const [first, last] = [regions[0]!.rows, regions.at(-1)!.rows] // there are two
  return table(
    ['call', 'rate / rate', 'CPU / CPU'],
    last.flatMap((row, index) => {
      const before = first[index]
      if (!before || row.connections === 1) return []
      const ratio = number(row.served.perSecond / before.served.perSecond)
      return [[row.title, ratio, number(row.served.processorMs / before.served.processorMs)]]
    }),
  )
}
