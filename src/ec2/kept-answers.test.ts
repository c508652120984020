import type { CompiledQuery } from 'kysely'
import { expect, test } from 'vitest'
import { noting, tablesOf } from '../store/testing.ts'
import { DescribeInstances } from './actions/instances/DescribeInstances.ts'
import { watched } from './kept-answers.ts'
import { alice, callerOf, TestCloud, testCloud, tinyImage } from './testing.ts'

test('answers are forgotten when any table is written that they are read of', async () => {
  await using cloud = await TestCloud.open()
  const ec2 = cloud.client()
  const { Instances = [] } = await ec2.runInstances({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 })
  expect(Instances).toHaveLength(1)
  const queries: CompiledQuery[] = []
  await cloud.store.read(async (reader) => {
    const view = { tx: noting(reader, queries), caller: callerOf(alice), now: cloud.clock.now(), cloud: testCloud }
    const wanted = { filters: [], after: undefined, enough: Number.POSITIVE_INFINITY }
    const rows = DescribeInstances.rows({}, view, undefined, wanted)
    if (rows instanceof Promise) throw new Error('all rows at once')
    for await (const some of rows) expect(some).toHaveLength(1)
  })
  const tables = tablesOf(queries)
  const known = new Set(watched.map((it) => it.split('.')[0]))
  expect(tables.size).toBeGreaterThan(10)
  expect([...tables].filter((it) => !known.has(it))).toEqual([])
})
