/**
 * An image on its way into the object store.
 *
 *     await --> pack --> packed --> send --> tidy --> finish --> (ended)
 *         \_______\________\__________\________\___ end --> clear --> close --> (ended)
 *
 * `end` is where it goes when it is refused, and when it is cancelled. The task's row stays.
 */
import { Fault } from '../../base/fault.ts'
import type { Transaction } from '../../store/store.ts'
import type { DiskTaskRow } from '../../store/tables/disk-tasks.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { signal } from '../../strand/calls.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { isHere } from '../images/cache.ts'
import type { ExportDisks, ExportFormat } from './disks.ts'
import { changeTask, readTask } from './rows.ts'

interface Self {
  readonly task: DiskTaskRow
  /** What is exported; undefined once it has gone. */
  readonly image: ImageRow | undefined
}

interface Payload {
  readonly failure?: string
  readonly bytes?: number
}

interface Services {
  readonly disks: ExportDisks
}

/** Its files may have to be fetched. */
const lookAgainMs = 300

export const exportMachine = machine<Self, Payload, Services>()('disk-export', {
  start: 'await',
  teardown: 'end',
  load,
  steps: {
    await: {
      kind: 'decide',
      async run({ tx, self: { image } }) {
        if (!image || image.state === 'failed' || (await isHere(tx, image.id))) return hop('pack')
        await signal(tx, image.id, 'want')
        return nap(lookAgainMs)
      },
    },
    pack: {
      kind: 'act',
      giveUp: { after: 5, to: 'end' },
      async run({ self: { task, image }, disks, abort }) {
        if (!image) return hop('end', { failure: `ClientError: The image ${task.imageId} is there no more` })
        const { id, rootFile: file, rootSnapshotId: snapshot } = image
        await disks.pack(
          { id: task.id, format: task.format as ExportFormat, from: snapshot ? { snapshot } : { image: id, file } }, // checked when it was asked for
          abort,
        )
        return hop('packed')
      },
    },
    packed: {
      kind: 'decide',
      async run({ tx, self: { task } }) {
        await changeTask(tx, task, { progress: 50, message: 'uploading' })
        return hop('send')
      },
    },
    send: {
      kind: 'act',
      giveUp: { after: 5, to: 'end' },
      async run({ self: { task }, disks, abort }) {
        const { id, accountId: account, bucket } = task
        const sent = await disks.send({ id, account, bucket, key: exportKeyOf(task) }, abort)
        if (!sent) return hop('await')
        return 'refused' in sent ? hop('end', { failure: `ClientError: ${sent.refused}` }) : hop('tidy', sent)
      },
    },
    tidy: {
      kind: 'act',
      async run({ self: { task }, disks }) {
        await disks.discard(task.id)
        return hop('finish')
      },
    },
    finish: {
      kind: 'decide',
      async run({ tx, self: { task }, payload }) {
        await changeTask(tx, task, {
          ...{ state: 'completed', progress: 100, message: null, diskBytes: payload.bytes ?? null },
        })
        return done()
      },
    },
    end: {
      kind: 'decide',
      async run({ tx, self: { task }, payload, trouble }) {
        const failure = payload.failure ?? (trouble && 'ServerError: The image could not be exported')
        await changeTask(tx, task, { state: 'deleting', ...(failure !== undefined && { message: failure }) })
        return hop('clear')
      },
    },
    clear: {
      kind: 'act',
      async run({ self: { task }, disks }) {
        await disks.discard(task.id)
        return hop('close')
      },
    },
    close: {
      kind: 'decide',
      async run({ tx, self: { task } }) {
        await changeTask(tx, task, { state: 'deleted' })
        return done()
      },
    },
  },
})

/** The object's name: prefix, task, format. Source: VM Import/Export User Guide, "Export a VM from an AMI". */
export function exportKeyOf({ id, key, format }: Pick<DiskTaskRow, 'id' | 'key' | 'format'>): string {
  if (!format) throw new Fault(`${id} has no format`)
  return `${key}${id}.${format.toLowerCase()}`
}

async function load(tx: Transaction, id: string): Promise<Self | undefined> {
  const task = await readTask(tx, id)
  if (!task?.imageId) return undefined
  const image = await tx.db.selectFrom('images').selectAll().where('id', '=', task.imageId).executeTakeFirst()
  return { task, image }
}
