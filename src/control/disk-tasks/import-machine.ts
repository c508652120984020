/**
 * A disk on its way from the object store to a snapshot, and, if it shall be one, to an image.
 *
 *     fetch --> fetched --> convert --> make --> settle --> tidy --> finish --> (ended)
 *        \_________\___________\__________\_________\_________\___ end --> clear --> close --> (ended)
 *
 * `end` is where it goes when it is refused, and when it is cancelled. The task's row stays. An image's other disks are tasks of this
 * kind too: its own waits for them in `settle`, and ends them, and waits until they have ended, where it ends without an image.
 */
import { Fault } from '../../base/fault.ts'
import type { ImageId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { DiskTaskOptions, DiskTaskRow } from '../../store/tables/disk-tasks.ts'
import type { SnapshotRow } from '../../store/tables/volumes.ts'
import { startStrand } from '../../strand/calls.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { imageMachine } from '../images/machine.ts'
import { beginSnapshot, snapshotHost } from '../snapshots/create.ts'
import { removeSnapshot } from '../snapshots/remove.ts'
import type { Boot, ImportDisks, Taken } from './disks.ts'
import { areThere, endOthers, readOthers, volumesOf } from './others.ts'
import { changeTask, readTask } from './rows.ts'

interface Self {
  readonly task: DiskTaskRow
  /** What has become of it so far. */
  readonly snapshot: SnapshotRow | undefined
  /** Tasks of the image's other disks. */
  readonly others: readonly DiskTaskRow[]
}

interface Payload {
  readonly failure?: string
  readonly taken?: Taken
}

interface Services {
  readonly disks: ImportDisks
}

/** Nobody tells of a snapshot's progress. */
const lookAgainMs = 300
const progress = { fetched: 30, converted: 60 } as const

export const importMachine = machine<Self, Payload, Services>()('disk-import', {
  start: 'fetch',
  teardown: 'end',
  load,
  steps: {
    fetch: {
      kind: 'act',
      giveUp: { after: 5, to: 'end' },
      async run({ self: { task }, disks, abort }) {
        const { id, accountId: account, bucket, key } = task
        const got = await disks.fetch({ id, account, bucket, key }, abort)
        return 'refused' in got ? hop('end', { failure: failureOf(got.refused) }) : hop('fetched', {})
      },
    },
    fetched: {
      kind: 'decide',
      async run({ tx, self: { task } }) {
        await changeTask(tx, task, { progress: progress.fetched, message: 'converting' })
        return hop('convert')
      },
    },
    convert: {
      kind: 'act',
      giveUp: { after: 5, to: 'end' },
      async run({ self: { task }, disks, abort }) {
        const { firmware } = optionsOf(task)
        const image = task.kind === 'import-image' && { name: task.id, ...(firmware && { firmware }) }
        const taken = await disks.convert({ id: task.id, home: homeOf(task), format: task.format, ...image }, abort)
        if (!taken) return hop('fetch', {})
        return 'refused' in taken ? hop('end', { failure: failureOf(taken.refused) }) : hop('make', { taken })
      },
    },
    make: {
      kind: 'decide',
      async run({ tx, self: { task, snapshot }, payload, now }) {
        const { bytes } = takenOf(payload)
        const sizeGiB = Math.ceil(bytes / 2 ** 30)
        const image = homeOf(task) as ImageId // A folder among those of images.
        if (!snapshot)
          await beginSnapshot(
            { tx, now },
            {
              ...{ id: snapshotOf(task), account: task.accountId, host: await snapshotHost(tx), sizeGiB },
              of: { kind: 'image', image, file: 'root.img', sizeMiB: sizeGiB * 1024 },
              description: task.description || `Created by ${task.id}`,
            },
          )
        await changeTask(tx, task, { progress: progress.converted, message: 'preparing snapshot', diskBytes: bytes })
        return hop('settle')
      },
    },
    settle: {
      kind: 'decide',
      async run({ tx, self: { task, snapshot, others } }) {
        if (!snapshot || snapshot.state === 'error' || snapshot.state === 'deleting')
          return hop('end', { failure: noSnapshot })
        const failed = others.find(isEnding)
        if (failed) return hop('end', { failure: failed.message ?? noSnapshot })
        if (snapshot.state === 'completed' && others.every((it) => it.state === 'completed'))
          return (await areThere(tx, others)) ? hop('tidy') : hop('end', { failure: noSnapshot })
        const own = progress.converted + (100 - progress.converted) * (snapshot.progress / 100)
        const all = others.reduce((sum, it) => sum + it.progress, own) / (others.length + 1)
        await changeTask(tx, task, { progress: Math.min(99, Math.floor(all)) })
        return nap(lookAgainMs)
      },
    },
    tidy: {
      kind: 'act',
      async run({ self: { task }, disks }) {
        await disks.clear(task.id, homeOf(task), { all: task.kind !== 'import-image' })
        return hop('finish')
      },
    },
    finish: {
      kind: 'decide',
      async run({ tx, self, payload, now }) {
        const { task } = self
        if (task.kind === 'import-image') await makeImage(tx, self, takenOf(payload), now)
        await changeTask(tx, task, { state: 'completed', progress: 100, message: null })
        return done()
      },
    },
    end: {
      kind: 'decide',
      async run({ tx, self: { task, snapshot, others }, payload, trouble }) {
        const failure = payload.failure ?? (trouble && 'ServerError: The disk could not be taken in')
        await changeTask(tx, task, { state: 'deleting', ...(failure !== undefined && { message: failure }) })
        if (snapshot && snapshot.state !== 'deleting') await removeSnapshot(tx, snapshot.id)
        await endOthers(tx, others, failure ?? task.message ?? '')
        return hop('clear')
      },
    },
    clear: {
      kind: 'act',
      async run({ self: { task }, disks }) {
        await disks.clear(task.id, homeOf(task), { all: true })
        return hop('close')
      },
    },
    close: {
      kind: 'decide',
      async run({ tx, self: { task, others } }) {
        if (others.some((it) => it.state === 'active' || it.state === 'deleting')) return nap(lookAgainMs)
        await changeTask(tx, task, { state: 'deleted' })
        return done()
      },
    },
  },
})

async function load(tx: Transaction, id: string): Promise<Self | undefined> {
  const task = await readTask(tx, id)
  if (!task) return undefined
  const snapshot = await tx.db.selectFrom('snapshots').selectAll().where('id', '=', snapshotOf(task)).executeTakeFirst()
  return { task, snapshot, others: await readOthers(tx, task) }
}

const noSnapshot = 'ServerError: The snapshot could not be made'

function isEnding({ state }: DiskTaskRow): boolean {
  return state === 'deleting' || state === 'deleted'
}

/** As EC2 says it. Source: answers quoted in osbuild/osbuild-composer#706. */
function failureOf(reason: string): string {
  return `ClientError: Disk validation failed [${reason}]`
}

/** The folder of the disk: the image's, or one that goes again. */
function homeOf({ id, imageId }: DiskTaskRow): string {
  return imageId ?? id
}

function optionsOf({ optionsJson }: DiskTaskRow): DiskTaskOptions {
  return JSON.parse(optionsJson) as DiskTaskOptions
}

function snapshotOf({ id, snapshotId }: DiskTaskRow) {
  if (!snapshotId) throw new Fault(`${id} has no snapshot's id`)
  return snapshotId
}

function takenOf({ taken }: Payload): Taken {
  if (!taken) throw new Fault('nothing was taken')
  return taken
}

/** An image on a volume of the snapshot, with the others; its folder holds no more than what it boots through. */
async function makeImage(
  tx: Transaction,
  { task, others }: Self,
  { bytes, digest, boot }: Taken,
  now: Date,
): Promise<void> {
  const { id: name, accountId, imageId: id, description, snapshotId } = task
  if (!id || !boot) throw new Fault(`${name} makes no image`)
  const { disk, architecture = 'x86_64' } = optionsOf(task)
  await tx.db
    .insertInto('images')
    .values({
      ...{ id, accountId, ownerAlias: null, name, description, state: 'pending', isPublic: 0, rootFile: 'root.img' },
      ...{ architecture, digest, createdAt: now.getTime() },
      ...{ rootSizeMib: Math.ceil(bytes / 2 ** 30) * 1024, rootSnapshotId: snapshotId },
      ...(disk?.device && { rootDeviceName: disk.device }),
      mappingsJson: JSON.stringify(volumesOf(others)),
      ...bootColumns(boot),
    })
    .execute()
  await tx.db
    .insertInto('bundledImages')
    .values({
      ...{ imageId: id, type: 'machine', location: `${accountId}/${name}`, manifest: '' },
      ...{ kernelId: null, ramdiskId: null, failure: null },
    })
    .execute()
  await startStrand(tx, imageMachine, id, {}) // Its folder is there: nothing is unpacked.
}

function bootColumns({ kernel, ramdisk, commandLine, firmware }: Boot) {
  return {
    kernelFile: kernel ?? null,
    ramdiskFile: ramdisk ?? null,
    commandLine,
    firmware: firmware ?? null,
  }
}
