import { type CompiledQuery, sql } from 'kysely'
import { expect, test } from 'vitest'
import { candidates, overheadMiB } from '../../../control/hosts/candidates.ts'
import type { HostId } from '../../../model/ids.ts'
import { noting } from '../../../store/testing.ts'
import { TestCloud, tinyImage } from '../../testing.ts'

test('what a host has free is what its instances leave', async () => {
  await using cloud = await TestCloud.open()
  const ec2 = cloud.client()
  for (const InstanceType of ['m1.small', 'm1.medium', 'm1.small'] as const)
    await ec2.runInstances({ ImageId: tinyImage, MinCount: 2, MaxCount: 2, InstanceType })
  await agree(cloud)
  const [first, second, third] = await cloud.store.read(({ db }) => db.selectFrom('instances').selectAll().execute())
  const change = (id: string, hostId: HostId | null) =>
    cloud.store.transact(({ db }) =>
      db
        .updateTable('instances')
        .set({ hostId })
        .where('id', '=', id as never)
        .execute(),
    )
  await change(first!.id, null)
  await agree(cloud)
  await change(second!.id, third!.hostId)
  await change(first!.id, third!.hostId)
  await agree(cloud)
  await cloud.store.transact(async ({ db }) => {
    await db.updateTable('instances').set({ memoryMib: 7 }).where('id', '=', third!.id).execute()
    await db.updateTable('interfaces').set({ instanceId: null }).execute()
    await db.deleteFrom('instances').where('id', '=', first!.id).execute()
  })
  await agree(cloud)
})

test('of one zone the emptiest hosts come first', async () => {
  await using cloud = await TestCloud.open()
  await cloud.client().runInstances({ ImageId: tinyImage, MinCount: 3, MaxCount: 3 })
  const [all, [taken]] = await cloud.store.read(async (tx) => [
    await candidates(tx),
    await tx.db.selectFrom('instances').select('zone').execute(),
  ])
  const { zone } = taken!
  const emptiest = all
    .filter((it) => it.zone === zone)
    .sort((a, b) => b.freeMemoryMiB - a.freeMemoryMiB || a.domains - b.domains || (a.host < b.host ? -1 : 1))
  for (const most of [1, 2, 9])
    expect(await cloud.store.read((tx) => candidates(tx, { zone, most }))).toEqual(emptiest.slice(0, most))
})

test('they are found by an index, and no other host is looked at', async () => {
  await using cloud = await TestCloud.open()
  const plan = await cloud.store.read(async (reader) => {
    const queries: CompiledQuery[] = []
    await candidates(noting(reader, queries), { zone: 'z', most: 1 })
    const asked = queries.map((it) => it.sql.replaceAll('?', '1')).join()
    const { rows } = await sql<{ detail: string }>`explain query plan ${sql.raw(asked)}`.execute(reader.db)
    return rows.map((it) => it.detail)
  })
  expect(plan).toEqual(['SEARCH hosts USING INDEX hostsByRoom (zone=?)'])
})

/** Compares what is kept with what the instances add up to. */
async function agree(cloud: TestCloud): Promise<void> {
  const [hosts, instances] = await cloud.store.read(async (tx) => [
    await candidates(tx),
    await tx.db.selectFrom('instances').selectAll().execute(),
  ])
  for (const { host, memoryMiB, freeMemoryMiB, domains } of hosts) {
    const here = instances.filter((it) => it.hostId === host)
    const claimed = here.reduce((sum, it) => sum + it.memoryMib + overheadMiB, 0)
    expect({ domains, freeMemoryMiB }).toEqual({ domains: here.length, freeMemoryMiB: memoryMiB - claimed })
  }
}
