import { expect } from 'vitest'
import type { FakeClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { ExportDisks, ImportDisks } from '../../src/control/disk-tasks/disks.ts'
import { exportMachine } from '../../src/control/disk-tasks/export-machine.ts'
import { importMachine } from '../../src/control/disk-tasks/import-machine.ts'
import { readOthers } from '../../src/control/disk-tasks/others.ts'
import { cancelDiskTask, type DiskTaskKind, startDiskTask } from '../../src/control/disk-tasks/tasks.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { greetHosts, takeNews } from '../../src/control/hosts/intake.ts'
import { imageMachine } from '../../src/control/images/machine.ts'
import { tell } from '../../src/control/instances/news.ts'
import { snapshotMachine } from '../../src/control/snapshots/machine.ts'
import type { DiskTaskId, ImageId } from '../../src/model/ids.ts'
import type { Store } from '../../src/store/store.ts'
import type { DiskTaskRow } from '../../src/store/tables/disk-tasks.ts'
import { bind } from '../../src/strand/machine.ts'
import { capacity, smallCloud as cloud, nothingArrives } from '../small-cloud.ts'
import { faultsOf, type Scenario } from './machines.ts'

const account = '111122223333'
const host = 'a1'
const exported: ImageId = 'ami-00000001'

/** Which disks are. */
type Refuses = 'none' | 'others' | 'all'

/** Files of tasks, an object store, and a host that makes the snapshots it is told of. They outlive the process. */
class Disks implements ImportDisks, ExportDisks {
  readonly clock: FakeClock
  readonly refuses: Refuses
  readonly scratch = new Set<string>()
  readonly homes = new Map<string, 'disk' | 'rest'>()
  readonly objects = new Set<string>()
  snapshots: readonly string[] = []

  constructor(clock: FakeClock, refuses: Refuses) {
    this.clock = clock
    this.refuses = refuses
  }

  async fetch({ id }: { id: string }) {
    this.scratch.add(id)
    return this.refuses === 'all' || (this.refuses === 'others' && id.startsWith('import-snap-'))
      ? { refused: 'it has a backing file' }
      : { bytes: 7 }
  }

  async convert({ id, home, name }: { id: string; home: string; name?: string }) {
    if (!this.homes.has(home) && !this.scratch.has(id)) return undefined
    this.homes.set(home, 'disk')
    return {
      bytes: 2 ** 30 + 1,
      digest: 'digest',
      ...(name && { boot: { commandLine: '', firmware: 'bios' as const } }),
    }
  }

  async clear(id: string, home: string, { all }: { all: boolean }) {
    this.scratch.delete(id)
    if (all) this.homes.delete(home)
    else if (this.homes.has(home)) this.homes.set(home, 'rest')
  }

  async pack({ id }: { id: string }) {
    this.scratch.add(id)
  }

  async send({ id, key }: { id: string; key: string }) {
    if (!this.scratch.has(id)) return undefined
    if (this.refuses === 'all') return { refused: 'there is no such bucket' }
    this.objects.add(key)
    return { bytes: 9 }
  }

  async discard(id: string) {
    this.scratch.delete(id)
  }

  async turn(store: Store): Promise<void> {
    const [spec] = await store.read((reader) => specsFrom(cloud)(reader, [host]))
    const wanted = spec!.volumes?.snapshots ?? []
    for (const { id, of } of wanted)
      if (of.kind === 'image' && !this.snapshots.includes(id)) expect(this.homes.get(of.image)).toBe('disk')
    this.snapshots = wanted.map((it) => it.id)
    const snapshots = wanted.map(({ id }) => ({ id, state: 'complete' as const, progress: 100 }))
    const { generation } = spec!
    await takeNews(store, { changed: tell }, [
      {
        said: {
          host,
          received: generation,
          settled: generation,
          domains: [],
          volumes: { volumes: [], snapshots },
          troubles: [],
        },
      },
    ])
  }
}

async function begin(store: Store, world: Disks, kind: DiskTaskKind, count: number): Promise<string> {
  const now = world.clock.now()
  await store.transact((tx) =>
    ensureHosts(tx, [{ id: host, zone: 'us-west-2a', isEdge: false, underlayAddress: '100.64.1.1' }]),
  )
  await greetHosts(store, [{ host, capacity }])
  return store.transact(async (tx) => {
    if (kind === 'export-image')
      await tx.db
        .insertInto('images')
        .values({
          ...{ id: exported, accountId: account, ownerAlias: null, name: 'mine', description: '', state: 'available' },
          ...{ isPublic: 0, architecture: 'x86_64', kernelFile: null, ramdiskFile: null, rootFile: 'root.img' },
          ...{ commandLine: '', firmware: 'bios', rootSizeMib: 1024, digest: '', createdAt: 0 },
        })
        .execute()
    const place = { format: 'RAW', bucket: 'disks', key: 'mine' }
    const image = kind === 'export-image' ? { image: exported } : {}
    const context = { tx, now, random: seededRandom(kind) }
    const asked = { account, kind, description: '', ...place, ...image }
    const others: DiskTaskId[] = []
    for (let other = 1; other < count; other++) {
      const options = { disk: { device: `/dev/sd${other}` } }
      others.push((await startDiskTask(context, { ...asked, kind: 'import-disk', options })).id)
    }
    return (await startDiskTask(context, { ...asked, options: others.length > 0 ? { others } : {} })).id
  })
}

const task = (store: Store, id: string): Promise<DiskTaskRow> =>
  store.read(({ db }) =>
    db
      .selectFrom('diskTasks')
      .selectAll()
      .where('id', '=', id as DiskTaskId)
      .executeTakeFirstOrThrow(),
  )

async function made(store: Store, id: string): Promise<{ images: ImageId[]; snapshots: string[] }> {
  const { images, snapshots } = await store.read(async ({ db }) => ({
    images: await db.selectFrom('images').select('id').where('name', '=', id).execute(),
    snapshots: await db.selectFrom('snapshots').select('id').where('state', '!=', 'deleting').execute(),
  }))
  return { images: images.map((it) => it.id), snapshots: snapshots.map((it) => it.id).sort() }
}

/** Whole, or as if it had never been. */
async function isWhole(store: Store, disks: Disks, id: string): Promise<void> {
  const row = await task(store, id)
  expect(row.state).toBe(disks.refuses !== 'none' || row.message !== null ? 'deleted' : 'completed')
  expect([...disks.scratch]).toEqual([])
  const { imageId, snapshotId, state, kind } = row
  const isImport = state === 'completed' && kind !== 'export-image'
  const isImage = isImport && kind === 'import-image'
  const others = await store.read((reader) => readOthers(reader, row))
  expect(others.map((it) => it.state)).toEqual(others.map(() => row.state))
  const snapshots = isImport ? [snapshotId, ...others.map((it) => it.snapshotId)] : []
  expect(await made(store, id)).toEqual({ images: isImage ? [imageId] : [], snapshots: snapshots.sort() })
  expect([...disks.homes]).toEqual(isImage ? [[imageId, 'rest']] : [])
  if (kind === 'export-image' && state === 'completed') expect([...disks.objects]).toEqual([`mine${id}.raw`])
}

function scenario(kind: DiskTaskKind, refuses: Refuses = 'none', count = 1): Scenario<Disks> {
  const late = ['tidy', 'finish']
  const never = {
    none: ['end', 'clear', 'close'],
    others: late,
    all: ['fetched', 'convert', 'make', 'settle', ...late],
  }
  return {
    world: (clock) => new Disks(clock, refuses),
    machines: (disks) => [
      kind === 'export-image' ? bind(exportMachine, { disks }) : bind(importMachine, { disks }),
      bind(snapshotMachine, { arrivals: nothingArrives }),
      bind(imageMachine, {
        images: {
          room: async () => ({ limit: 0, free: 0 }),
          unpack: async () => {},
          copy: async () => {},
          bring: async () => {},
          remove: async () => {},
        },
      }),
    ],
    begin: (store, world) => begin(store, world, kind, count),
    react: (store, world) => world.turn(store),
    unreached: kind === 'export-image' && refuses === 'all' ? late : never[refuses],
    created: isWhole,
    async destroy(store, _, id) {
      const row = await task(store, id)
      await store.transact((tx) => cancelDiskTask(tx, row, 'cancelled'))
    },
    gone: isWhole,
  }
}

faultsOf('an import of an image', scenario('import-image'))
faultsOf('an import of an image that is refused', scenario('import-image', 'all'))
faultsOf('an import of an image of two disks', scenario('import-image', 'none', 2))
faultsOf('an import of an image of which one disk is refused', scenario('import-image', 'others', 2))
faultsOf('an import of a snapshot', scenario('import-snapshot'))
faultsOf('an export of an image', scenario('export-image'))
faultsOf('an export of an image that is refused', scenario('export-image', 'all'))
