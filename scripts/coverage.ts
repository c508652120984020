/** Writes docs/coverage.md: which operations of EC2 and STS are served. `npm run coverage`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ec2Actions } from '../src/ec2/index.ts'
import { loadModel } from '../src/query/model/load.ts'
import { stsActions } from '../src/sts/index.ts'
import { groups } from './coverage-groups.ts'

const root = join(import.meta.dirname, '..')

/** The page, from the official models and the indexes of actions alone: the same code gives the same page. */
export async function coveragePage(): Promise<string> {
  const [ec2, sts] = await Promise.all([operationsOf('ec2'), operationsOf('sts')])
  const served = { ec2: namesOf(ec2Actions), sts: namesOf(stsActions) }
  return [
    '# Coverage',
    '',
    'Made by `npm run coverage`; a test compares it with the code. Every operation of the official models is known: what is',
    'not served is refused with `UnsupportedOperation`, never answered as if it had been done. That an operation is served',
    'does not say that each of its parameters is: those that would change what happens and are not served are refused too.',
    '',
    `**EC2: ${served.ec2.size} of ${ec2.length} operations. STS: ${served.sts.size} of ${sts.length}.**`,
    '',
    ...areas.flatMap((title) =>
      section(
        title,
        ec2.filter((it) => groupOf(it) === title),
        served.ec2,
      ),
    ),
    ...section('STS', sts, served.sts),
  ].join('\n')
}

/** What most callers look for comes first: the patterns go from the particular to the general. */
const areas = groups.map(([title]) => title).reverse()

async function operationsOf(service: 'ec2' | 'sts'): Promise<string[]> {
  const { operations } = await loadModel(service, join(root, '.cache'))
  return Object.keys(operations).sort()
}

function namesOf(actions: readonly { readonly name: string }[]): ReadonlySet<string> {
  return new Set(actions.map((it) => it.name))
}

export function groupOf(operation: string): string | undefined {
  return groups.find(([, pattern]) => pattern.test(operation))?.[0]
}

function section(title: string, operations: readonly string[], served: ReadonlySet<string>): string[] {
  const count = operations.filter((it) => served.has(it)).length
  const rows = operations.map((it) => `| ${it} | ${served.has(it) ? '**served**' : 'not served'} |`)
  return [`## ${title} (${count} of ${operations.length})`, '', '| operation | |', '|---|---|', ...rows, '']
}

if (import.meta.main) await writeFile(join(root, 'docs', 'coverage.md'), await coveragePage())
