/**
 * An image out of a bundle, or a copy of another, of this region or another one, from its registration to the removal of its files.
 *
 *     measure ──► make-room ──► unpack ──► gather ──► publish ──► rest ··► release ──► remove ──► forget
 *        ▲ ▲          │                    (waits for   (available    │   (waits for its last instance,
 *        │ └ wait-room ┘                    snapshots)   or failed)   │    and image, if it is a kernel)
 *        └──────────────────────────── away ◄── evict ◄──────────────┘
 *
 * One whose files went to make room for others is `away` until somebody launches it.
 */
import type { Selectable } from 'kysely'
import { BundleRefused } from '../../bundles/refused.ts'
import type { ImageId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { BundledImageRow } from '../../store/tables/bundled-images.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { signal } from '../../strand/calls.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import type { BundleImages } from './bundle-images.ts'
import { areLeaving, isHere, makeRoom, type Room, setPresence, tellWaiting } from './cache.ts'
import { forgetImage } from './forget.ts'
import type { FarFiles } from './from-afar.ts'
import { mappingsOf } from './mappings.ts'
import { isUsed } from './uses.ts'

interface Self {
  readonly image: ImageRow
  readonly bundle: Selectable<BundledImageRow>
  /** What it is a copy of, while that is there. */
  readonly source: ImageRow | undefined
}

interface Payload {
  /** Why the bundle was refused. */
  readonly refusal?: string
  readonly room?: Room
  /** Of a copy of another region's, until its files are here. */
  readonly far?: FarFiles
}

interface Services {
  readonly images: Pick<BundleImages, 'room' | 'unpack' | 'copy' | 'bring' | 'remove'>
}

const lookAgainMs = 30_000
/** Nobody tells of its snapshots, nor of room. */
const lookSoonMs = 300

export const imageMachine = machine<Self, Payload, Services>()('image', {
  start: 'measure',
  teardown: 'release',
  load,
  steps: {
    measure: {
      kind: 'act',
      run: async ({ images, payload }) => hop('make-room', { ...onItsWay(payload), room: await images.room() }),
    },
    'make-room': {
      kind: 'decide',
      async run({ tx, self: { bundle, source }, payload: { room, far } }) {
        if (far) return hop('unpack', { far })
        if (source && !(await isHere(tx, source.id))) {
          await signal(tx, source.id, 'want')
          return source.state === 'failed' ? hop('unpack', {}) : nap(lookSoonMs)
        }
        if (bundle.manifest === '' || !room) return hop('unpack', {})
        return (await makeRoom(tx, bundle, room)) ? hop('unpack', {}) : hop('wait-room', {})
      },
    },
    'wait-room': {
      kind: 'decide',
      run: async ({ tx }) => ((await areLeaving(tx)) ? nap(lookSoonMs) : hop('measure')),
    },
    unpack: {
      kind: 'act',
      giveUp: { after: 5, to: 'publish' },
      async run({ self: { image, bundle, source }, payload: { far }, images, abort }) {
        const { location, manifest, kernelId, ramdiskId } = bundle
        if (image.sourceImageId && !far) {
          if (!source) return hop('publish', { refusal: `the image ${image.sourceImageId} is there no more` })
          await images.copy(image.id, filesOf(source, kernelId))
          return hop('gather')
        }
        try {
          const unpacking = { id: image.id, account: image.accountId, location, manifest, kernelId, ramdiskId }
          await (far ? images.bring(image.id, far, abort) : images.unpack(unpacking, abort))
        } catch (error) {
          if (!(error instanceof BundleRefused)) throw error
          return hop('publish', { refusal: error.message })
        }
        return hop('gather')
      },
    },
    gather: {
      kind: 'decide',
      async run({ tx, self: { image } }) {
        const ids = mappingsOf(image).flatMap((it) => it.snapshot ?? [])
        if (ids.length === 0) return hop('publish', {})
        const rows = await tx.db.selectFrom('snapshots').select('state').where('id', 'in', ids).execute()
        if (rows.length < new Set(ids).size || rows.some((it) => it.state === 'error' || it.state === 'deleting'))
          return hop('publish', { refusal: 'a snapshot of it could not be made' })
        return rows.every((it) => it.state === 'completed') ? hop('publish', {}) : nap(lookSoonMs)
      },
    },
    publish: {
      kind: 'decide',
      async run({ tx, self: { image, bundle }, payload, trouble }) {
        const failure = trouble === undefined ? payload.refusal : 'the image could not be unpacked'
        const state = failure === undefined ? 'available' : 'failed'
        if (image.state === 'pending' || failure !== undefined)
          await tx.db.updateTable('images').set({ state }).where('id', '=', image.id).execute()
        await tx.db
          .updateTable('bundledImages')
          .set({ failure: failure ?? null })
          .where('imageId', '=', image.id)
          .execute()
        const isGone = failure !== undefined && bundle.manifest !== ''
        await setPresence(tx, image.id, { presence: isGone ? 'away' : 'here' })
        await tellWaiting(tx, image.id)
        return hop('rest')
      },
    },
    rest: {
      kind: 'decide',
      async run({ signals }) {
        if (signals.take('evict')) return hop('evict')
        signals.take('want') // Its files are here.
        return nap()
      },
    },
    evict: {
      kind: 'act',
      async run({ self: { image }, images }) {
        await images.remove(image.id)
        return hop('away')
      },
    },
    away: {
      kind: 'decide',
      async run({ tx, self: { image }, signals }) {
        await setPresence(tx, image.id, { presence: 'away' })
        return signals.take('want') ? hop('measure') : nap()
      },
    },
    release: {
      kind: 'decide',
      async run({ tx, self: { image } }) {
        return (await isUsed(tx, image.id)) ? nap(lookAgainMs) : hop('remove')
      },
    },
    remove: {
      kind: 'act',
      async run({ self: { image }, images }) {
        await images.remove(image.id)
        return hop('forget')
      },
    },
    forget: {
      kind: 'decide',
      async run({ tx, self: { image } }) {
        await forgetImage(tx, image.id)
        return done()
      },
    },
  },
})

function onItsWay({ far }: Payload): Payload {
  return far ? { far } : {}
}

async function load({ db }: Transaction, id: string): Promise<Self | undefined> {
  const image = await db
    .selectFrom('images')
    .selectAll()
    .where('id', '=', id as ImageId)
    .executeTakeFirst()
  const bundle = await db
    .selectFrom('bundledImages')
    .selectAll()
    .where('imageId', '=', id as ImageId)
    .executeTakeFirst()
  if (!image || !bundle) return undefined
  const from = image.sourceImageId ?? null
  const source = await db.selectFrom('images').selectAll().where('id', '=', from).executeTakeFirst()
  return { image, bundle, source }
}

/** Files that an image's instances start from: the disk too, unless that is a volume; then a kernel that is an image has its own folder. */
function filesOf(image: ImageRow, kernelId: string | null) {
  const { id, bootImageId, kernelFile, ramdiskFile, rootFile, rootSnapshotId } = image
  const bootFiles = rootSnapshotId && kernelId ? [] : [kernelFile, ramdiskFile]
  const names = [...bootFiles, rootSnapshotId ? null : rootFile]
  return { from: bootImageId ?? id, files: names.filter((it) => it !== null) }
}
