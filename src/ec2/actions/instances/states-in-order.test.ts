import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { InstanceState } from '../../../model/instance-states.ts'
import { TestCloud, tinyImage } from '../../testing.ts'

test('instances in any of several states come page by page, in the order of their ids, each once', async () => {
  await using cloud = await TestCloud.open()
  const ec2 = cloud.client()
  const { Instances = [] } = await ec2.runInstances({ ImageId: tinyImage, MinCount: 12, MaxCount: 12 })
  const states: InstanceState[] = ['running', 'stopped', 'pending', 'stopping']
  const inState = new Map<string, InstanceState>()
  for (const [index, { InstanceId = '' }] of Instances.entries()) {
    const state = states[index % states.length]!
    inState.set(InstanceId, state)
    await cloud.change(InstanceId, { state })
  }
  const ask = async (...lists: string[][]) => {
    const Filters = lists.map((Values) => ({ Name: 'instance-state-name', Values }))
    const found: string[] = []
    for (let NextToken: string | undefined, pages = 0; pages === 0 || NextToken; pages++) {
      const page = await ec2.describeInstances({ Filters, MaxResults: 5, ...(NextToken && { NextToken }) })
      const ids = (page.Reservations ?? []).flatMap((it) => it.Instances?.map((one) => one.InstanceId ?? '') ?? [])
      found.push(...ids.sort()) // A reservation has them in the order of the launch.
      NextToken = page.NextToken
    }
    return found
  }
  const those = (...wanted: string[]) => [...inState].flatMap(([id, it]) => (wanted.includes(it) ? [id] : [])).sort()
  expect(await ask(['running', 'pending', 'running', 'no-state'])).toEqual(those('running', 'pending'))
  expect(await ask(states)).toEqual(those(...states))
  expect(await ask(['stop*'])).toEqual(those('stopped', 'stopping'))
  expect(await ask(['running', 'stopped'], ['stopped', 'pending'])).toEqual(those('stopped'))
  expect(await ask(['no-state'])).toEqual([])
})

test('few in some states are found without a look at all others', async () => {
  await using cloud = await TestCloud.open()
  const plan = await cloud.store.read(({ db }) => {
    const inState = (state: InstanceState) =>
      db.selectFrom('instances').selectAll().where('accountId', '=', 'a').where('state', '=', state)
    const { sql: asked } = inState('running').unionAll(inState('stopped')).orderBy('id').limit(5).compile()
    return sql<{ detail: string }>`explain query plan ${sql.raw(asked.replaceAll('?', '1'))}`.execute(db)
  })
  const searches = plan.rows.map((it) => it.detail).filter((it) => /SCAN|SEARCH|B-TREE/.test(it))
  const search = expect.stringMatching(/^SEARCH instances USING INDEX instancesByState \(accountId=\? AND state=\?/)
  expect(searches).toEqual([search, search])
})
