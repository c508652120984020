import type { OperationNode } from 'kysely'
import { expect, test } from 'vitest'
import type { Reader } from '../store/store.ts'
import { DescribeInstances } from './actions/instances/DescribeInstances.ts'
import { watched } from './kept-answers.ts'
import { alice, callerOf, TestCloud, testCloud, tinyImage } from './testing.ts'

test('answers are forgotten when any table is written that they are read of', async () => {
  await using cloud = await TestCloud.open()
  const ec2 = cloud.client()
  const { Instances = [] } = await ec2.runInstances({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 })
  expect(Instances).toHaveLength(1)
  const tables = new Set<string>()
  await cloud.store.read(async ({ db }) => {
    const spied: Reader['db'] = db.withPlugin({
      transformQuery: ({ node }) => {
        for (const [, name = ''] of namesIn(node)) tables.add(name)
        return node
      },
      transformResult: async ({ result }) => result,
    })
    const view = { tx: { db: spied }, caller: callerOf(alice), now: cloud.clock.now(), cloud: testCloud }
    const wanted = { filters: [], after: undefined, enough: Number.POSITIVE_INFINITY }
    const rows = DescribeInstances.rows({}, view, undefined, wanted)
    if (rows instanceof Promise) throw new Error('all rows at once')
    for await (const some of rows) expect(some).toHaveLength(1)
  })
  const known = new Set(watched.map((it) => it.split('.')[0]))
  expect(tables.size).toBeGreaterThan(10)
  expect([...tables].filter((it) => !known.has(it))).toEqual([])
})

function namesIn(node: OperationNode): RegExpExecArray[] {
  return [
    ...JSON.stringify(node).matchAll(
      /"table":\{"kind":"SchemableIdentifierNode","identifier":\{"kind":"IdentifierNode","name":"(\w+)"/g,
    ),
  ]
}
