import { RunInstancesCommand } from '@aws-sdk/client-ec2'
import fc from 'fast-check'
import type { CompiledQuery } from 'kysely'
import { expect, test } from 'vitest'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { keptSpecs, watched } from '../../src/control/hosts/kept-scene.ts'
import { alice, TestCloud, testCloud, tinyImage } from '../../src/ec2/testing.ts'
import type { HostId, InstanceId, SnapshotId, VolumeId } from '../../src/model/ids.ts'
import type { Transaction } from '../../src/store/store.ts'
import type { AttachmentRow, SnapshotRow, VolumeRow } from '../../src/store/tables/volumes.ts'
import { noting, tablesOf } from '../../src/store/testing.ts'

test('every table that specs are read of is watched', async () => {
  await using cloud = await TestCloud.open()
  await cloud.client().send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
  const hosts = Object.keys(await cloud.generations())
  const queries: CompiledQuery[] = []
  await cloud.store.read((reader) => specsFrom(testCloud)(noting(reader, queries), hosts))
  const read = tablesOf(queries)
  expect(read).toContain('interfaceGroups')
  expect([...read].filter((it) => !watched.some((column) => column.startsWith(`${it}.`)))).toEqual([])
})

test('after a failure all rows are read anew', async () => {
  await using cloud = await TestCloud.open()
  const hosts = Object.keys(await cloud.generations())
  const source = keptSpecs(cloud.store, testCloud)
  const specs = () => cloud.store.read((reader) => source(reader, hosts))
  await specs()
  await cloud.client().send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
  const broken = {
    get db(): never {
      throw new Error('no rows today')
    },
  }
  await expect(cloud.store.read(async () => source(broken, hosts))).rejects.toThrow('no rows today')
  expect(await specs()).toEqual(await cloud.store.read((reader) => specsFrom(testCloud)(reader, hosts)))
})

/** What is done to rows of volumes, by numbers that choose which. */
const changes = {
  makeVolume: async (tx, { volume, snapshot, host, even }) => {
    const row = volumeRow(volume, host, even ? snapshot : null)
    await tx.db
      .insertInto('volumes')
      .values(row)
      .onConflict((it) => it.doNothing())
      .execute()
  },
  growVolume: async (tx, { volume, count }) => {
    await tx.db.updateTable('volumes').set({ sizeGib: count }).where('id', '=', volume).execute()
  },
  moveVolume: async (tx, { volume, host }) => {
    await tx.db.updateTable('volumes').set({ hostId: host }).where('id', '=', volume).execute()
  },
  endVolume: async (tx, { volume, even }) => {
    await tx.db.deleteFrom('attachments').where('volumeId', '=', volume).execute()
    if (even) await tx.db.updateTable('volumes').set({ state: 'deleting' }).where('id', '=', volume).execute()
    else await tx.db.deleteFrom('volumes').where('id', '=', volume).execute()
  },
  attach: async (tx, { volume, instance, count, even }) => {
    if (!(await tx.db.selectFrom('volumes').select('id').where('id', '=', volume).executeTakeFirst())) return
    const row = attachmentRow(volume, instance, even ? 'plug' : 'serve', count)
    await tx.db
      .insertInto('attachments')
      .values(row)
      .onConflict((it) => it.doNothing())
      .execute()
  },
  plug: async (tx, { volume, even }) => {
    const stage = even ? 'plug' : 'withdraw'
    await tx.db.updateTable('attachments').set({ stage }).where('volumeId', '=', volume).execute()
  },
  detach: async (tx, { volume }) => {
    await tx.db.deleteFrom('attachments').where('volumeId', '=', volume).execute()
  },
  tellSize: async (tx, { volume, host, count }) => {
    const fact = { id: volume, hostId: host, state: 'ready', sizeMib: count * 1024, ...saidOfNothing } as const
    await tx.db
      .insertInto('volumeFacts')
      .values(fact)
      .onConflict((it) => it.column('id').doUpdateSet({ sizeMib: fact.sizeMib }))
      .execute()
  },
  makeSnapshot: async (tx, { snapshot, volume, host }) => {
    await tx.db
      .insertInto('snapshots')
      .values(snapshotRow(snapshot, volume, host))
      .onConflict((it) => it.doNothing())
      .execute()
  },
  endSnapshot: async (tx, { snapshot, even }) => {
    const state = even ? 'completed' : 'deleting'
    await tx.db.updateTable('snapshots').set({ state }).where('id', '=', snapshot).execute()
  },
  moveInstance: async (tx, { instance, host }) => {
    await tx.db.updateTable('instances').set({ hostId: host }).where('id', '=', instance).execute()
  },
  stopInstance: async (tx, { instance }) => {
    await tx.db.updateTable('instances').set({ hostId: null }).where('id', '=', instance).execute()
  },
} as const satisfies Record<string, (tx: Transaction, chosen: Chosen) => Promise<void>>

interface Chosen {
  readonly volume: VolumeId
  readonly snapshot: SnapshotId
  readonly instance: InstanceId
  readonly host: HostId
  /** 1 to 31. */
  readonly count: number
  readonly even: boolean
}

test('whatever is written of volumes, what is kept is what rows say', async () => {
  const volumes = ['vol-00000001', 'vol-00000002', 'vol-00000003'] as const
  const snapshots = ['snap-00000001', 'snap-00000002'] as const
  await using cloud = await TestCloud.open()
  const send = () => cloud.client().send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 2, MaxCount: 2 }))
  const instances = (await send()).Instances!.map((it) => it.InstanceId as InstanceId)
  const hosts = Object.keys(await cloud.generations()) as HostId[]
  const source = keptSpecs(cloud.store, testCloud)
  const chosen = fc.record<Chosen>({
    volume: fc.constantFrom(...volumes),
    snapshot: fc.constantFrom(...snapshots),
    instance: fc.constantFrom(...instances),
    host: fc.constantFrom(...hosts),
    count: fc.integer({ min: 1, max: 31 }),
    even: fc.boolean(),
  })
  const change = fc.tuple(fc.constantFrom(...(Object.keys(changes) as (keyof typeof changes)[])), chosen)
  const moment = fc.tuple(fc.array(change, { minLength: 1, maxLength: 3 }), fc.subarray(hosts, { minLength: 1 }))
  await fc.assert(
    fc.asyncProperty(fc.array(moment, { maxLength: 25 }), async (moments) => {
      for (const [some, asked] of moments) {
        await cloud.store.transact(async (tx) => {
          for (const [name, its] of some) await changes[name](tx, its)
        })
        const kept = await cloud.store.read((reader) => source(reader, asked))
        expect(kept).toEqual(await cloud.store.read((reader) => specsFrom(testCloud)(reader, asked)))
      }
    }),
    { numRuns: 60 },
  )
})

test('rows may be more than a question can name', async () => {
  await using cloud = await TestCloud.open()
  const hosts = Object.keys(await cloud.generations()) as HostId[]
  const host = hosts[0]!
  const source = keptSpecs(cloud.store, testCloud)
  const specs = () => cloud.store.read((reader) => source(reader, hosts))
  await specs()
  const ids = Array.from({ length: 40_000 }, (_, index): VolumeId => `vol-${index.toString(16).padStart(8, '0')}`)
  await cloud.store.transact(async ({ db }) => {
    for (let first = 0; first < ids.length; first += 1000) {
      const some = ids.slice(first, first + 1000)
      const rows = some.map((id) => volumeRow(id, host, null))
      const facts = some.map((id) => ({ id, hostId: host, state: 'ready', sizeMib: 1024, ...saidOfNothing }) as const)
      await db.insertInto('volumes').values(rows).execute()
      await db.insertInto('volumeFacts').values(facts).execute()
    }
  })
  expect((await specs()).find((it) => it.host === host)?.volumes?.volumes).toHaveLength(ids.length)
})

const saidOfNothing = { domainsJson: '[]', frozenJson: '[]', limitsJson: null, message: null }

function volumeRow(id: VolumeId, hostId: HostId, snapshotId: SnapshotId | null): VolumeRow {
  return {
    ...{ id, hostId, snapshotId, accountId: alice, zone: 'cumulet-1a', state: 'available', sizeGib: 1, type: 'gp2' },
    ...{ iops: null, throughput: null, multiAttach: 0, createdAt: 0, wishedIn: 0, autoEnableIo: 0, keyId: null },
  }
}

function attachmentRow(
  volumeId: VolumeId,
  instanceId: InstanceId,
  stage: AttachmentRow['stage'],
  slot: number,
): AttachmentRow {
  return {
    ...{
      id: `${volumeId}@${instanceId}`,
      volumeId,
      instanceId,
      device: `/dev/sd${slot}`,
      state: 'attached',
      stage,
      slot,
    },
    ...{ deleteOnTermination: 0, attachedAt: 0, exclusive: volumeId, wishedIn: 0 },
  }
}

function snapshotRow(id: SnapshotId, volumeId: VolumeId, hostId: HostId): SnapshotRow {
  return {
    ...{ id, volumeId, hostId, accountId: alice, ownerAlias: null, sizeGib: 1, state: 'pending', progress: 0 },
    ...{ description: '', startedAt: 0, completedAt: null, wishedIn: 0, keyId: null },
    sourceJson: JSON.stringify({ kind: 'volume', volume: volumeId }),
  }
}
