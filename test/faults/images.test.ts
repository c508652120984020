import { expect } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { Manifest } from '../../src/bundles/manifest.ts'
import { BundleRefused } from '../../src/bundles/refused.ts'
import type { Unpacking } from '../../src/control/images/bundle-images.ts'
import { copyImage } from '../../src/control/images/copy.ts'
import type { FarFiles } from '../../src/control/images/from-afar.ts'
import { imageMachine } from '../../src/control/images/machine.ts'
import { deregister, registerBundle } from '../../src/control/images/register.ts'
import type { ImageId } from '../../src/model/ids.ts'
import type { Store } from '../../src/store/store.ts'
import type { ImageRow } from '../../src/store/tables/resources.ts'
import { signal } from '../../src/strand/calls.ts'
import { bind } from '../../src/strand/machine.ts'
import { smallCloud } from '../small-cloud.ts'
import { faultsOf, type Scenario } from './machines.ts'

const account = '111122223333'
const original: ImageId = 'ami-00000001'
const nothing = { key: '', iv: '' }
/** A kernel needs no other kernel. */
const manifest: Manifest = {
  ...{ architecture: 'x86_64', kernel: 'true', name: 'box', user: account, digest: '0'.repeat(40), size: 1 },
  ...{
    bundledSize: 1,
    parts: [{ name: 'box.part.0', digest: '0'.repeat(40) }],
    keys: { cloud: nothing, user: nothing },
  },
}

/** Folders of images, which outlive the process. */
class Folders {
  readonly made = new Set<string>()
  readonly refuses: boolean

  constructor(refuses: boolean) {
    this.refuses = refuses
  }

  async room() {
    return { limit: 3, free: 100 }
  }

  async unpack({ id }: Unpacking): Promise<void> {
    if (this.refuses) throw new BundleRefused('the digest is another')
    this.made.add(id)
  }

  async copy(id: ImageId, { from }: { from: ImageId }): Promise<void> {
    expect(from).toBe(original)
    this.made.add(id)
  }

  async bring(id: ImageId, { files }: FarFiles): Promise<void> {
    if (this.refuses) throw new BundleRefused('the image is there no more')
    expect(files.map((it) => it.from)).toEqual([`${original}/vmlinuz`, `${original}/root.img`])
    this.made.add(id)
  }

  async remove(id: ImageId): Promise<void> {
    this.made.delete(id)
  }
}

function begin(store: Store, signals: readonly string[] = []): Promise<string> {
  const context = { now: new Date(0), random: seededRandom('images') }
  const it = {
    account,
    location: 'bucket/box.manifest.xml',
    manifest,
    text: '<manifest/>',
    name: 'box',
    description: '',
  }
  return store.transact(async (tx) => {
    const id = await registerBundle(tx, context, it)
    for (const name of signals) await signal(tx, id, name)
    return id
  })
}

const row = (store: Store, id: string): Promise<ImageRow | undefined> =>
  store.read(({ db }) =>
    db
      .selectFrom('images')
      .selectAll()
      .where('id', '=', id as ImageId)
      .executeTakeFirst(),
  )

function scenario(refuses: boolean): Scenario<Folders> {
  return {
    world: () => new Folders(refuses),
    machines: (images) => [bind(imageMachine, { images })],
    begin: (store) => begin(store),
    unreached: ['wait-room', 'evict', 'away', ...(refuses ? ['unpack', 'gather'] : [])],
    async created(store, folders, id) {
      expect((await row(store, id))?.state).toBe(refuses ? 'failed' : 'available')
      expect([...folders.made]).toEqual(refuses ? [] : [id])
    },
    async destroy(store, _, id) {
      const image = await row(store, id)
      if (image) await store.transact((tx) => deregister(tx, image))
    },
    async gone(store, folders, id) {
      expect(await row(store, id)).toBeUndefined()
      expect([...folders.made]).toEqual([])
    },
  }
}

faultsOf('an image out of a bundle', scenario(false))
faultsOf('an image out of a bundle that is refused', scenario(true))

/** A copy of an image without volumes. */
async function beginCopy(store: Store, region = smallCloud.region): Promise<string> {
  const image: ImageRow = {
    ...{ id: original, accountId: account, ownerAlias: null, name: 'box', description: '', state: 'available' },
    ...{ isPublic: 0, architecture: 'x86_64', kernelFile: 'vmlinuz', ramdiskFile: null, rootFile: 'root.img' },
    ...{ commandLine: '', firmware: null, rootSizeMib: 1024, digest: '', createdAt: 0 },
  }
  const source = { image, kernelId: null, ramdiskId: null, snapshots: new Map(), tags: {} }
  const asked = { account, original: source, region, name: 'copy', description: '', encryption: {} }
  return store.transact(async (tx) => {
    if (region === smallCloud.region) await tx.db.insertInto('images').values(image).execute()
    return copyImage({ tx, cloud: smallCloud, now: new Date(0), random: seededRandom('copies') }, asked)
  })
}

faultsOf('a copy of an image', { ...scenario(false), begin: (store) => beginCopy(store) })
for (const isGone of [false, true])
  faultsOf(`a copy of an image of another region that is ${isGone ? 'there no more' : 'there'}`, {
    ...scenario(isGone),
    begin: (store) => beginCopy(store, 'us-east-1'),
  })

faultsOf('an image whose files go, and are fetched again', {
  ...scenario(false),
  begin: (store) => begin(store, ['evict', 'want']),
  unreached: ['wait-room'],
})

/** One that has to go before there is room, and goes when it is asked to. */
async function beginBeside(store: Store): Promise<string> {
  await beginCopy(store)
  await store.transact(async (tx) => {
    await tx.db.deleteFrom('strands').execute()
    const old = { manifest: '<manifest/>', bytes: 3, presence: 'here' } as const
    await tx.db.updateTable('images').set({ state: 'available' }).execute()
    await tx.db.updateTable('bundledImages').set(old).execute()
  })
  return begin(store)
}

faultsOf('an image for which another has to go', {
  ...scenario(false),
  begin: beginBeside,
  react: (store) =>
    store.transact(async ({ db }) => {
      const leaving = db.updateTable('bundledImages').set({ presence: 'away' })
      await leaving.where('presence', '=', 'leaving').execute()
    }),
  unreached: ['evict', 'away'],
})
