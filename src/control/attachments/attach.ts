/** Ties a volume to an instance, and unties it. That no volume is tied twice is held by the database. */
import { bare } from '../../model/device-names.ts'
import { refuse } from '../../model/errors.ts'
import type { InstanceId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'
import type { AttachmentRow, VolumeRow } from '../../store/tables/volumes.ts'
import { destroy, signal, startStrand } from '../../strand/calls.ts'
import { wish } from '../hosts/wishes.ts'
import { volumeAttachmentMachine } from './machine.ts'

/** Slots of the bus that guests have for volumes. */
const slots = 31

/** Source: EBS User Guide, "Attach an EBS volume to multiple EC2 instances using Multi-Attach". */
const instancesOfVolume = 16

export interface AttachOptions {
  readonly device: string
  readonly deleteOnTermination: boolean
  readonly now: Date
}

/** Begins to attach. Refuses what cannot be: another zone, a state, a name or a volume that is taken. */
export async function attach(
  tx: Transaction,
  volume: VolumeRow,
  instance: InstanceRow,
  options: AttachOptions,
): Promise<AttachmentRow> {
  refuseUnlessAttachable(volume, instance)
  return tie(tx, volume, instance, options)
}

/** Begins to attach, whatever the states: both may just be being made. */
export async function tie(
  tx: Transaction,
  volume: Pick<VolumeRow, 'id' | 'hostId' | 'multiAttach'>,
  instance: Pick<InstanceRow, 'id'>,
  { device, deleteOnTermination, now }: AttachOptions,
): Promise<AttachmentRow> {
  const others = await tx.db.selectFrom('attachments').selectAll().where('volumeId', '=', volume.id).execute()
  if (others.some((it) => it.instanceId === instance.id) || (others.length > 0 && volume.multiAttach === 0))
    refuse('VolumeInUse', { message: `${volume.id} is already attached to an instance` })
  if (others.length >= instancesOfVolume)
    refuse('AttachmentLimitExceeded', { message: `${volume.id} is attached to as many instances as it may be.` })
  const siblings = await tx.db.selectFrom('attachments').selectAll().where('instanceId', '=', instance.id).execute()
  return insert(
    tx,
    siblings,
    {
      id: `${volume.id}@${instance.id}`,
      volumeId: volume.id,
      instanceId: instance.id,
      device,
      state: 'attaching',
      stage: 'serve',
      deleteOnTermination: deleteOnTermination ? 1 : 0,
      attachedAt: now.getTime(),
      exclusive: volume.multiAttach === 1 ? `${volume.id}@${instance.id}` : volume.id,
      wishedIn: 0,
    },
    volume,
  )
}

async function insert(
  tx: Transaction,
  siblings: readonly AttachmentRow[],
  values: Omit<AttachmentRow, 'slot'>,
  volume: Pick<VolumeRow, 'hostId'>,
): Promise<AttachmentRow> {
  if (siblings.some((it) => bare(it.device) === bare(values.device)))
    refuse('InvalidParameterValue', {
      message: `Invalid value '${values.device}' for unixDevice. Attachment point ${values.device} is already in use`,
    })
  const slot = Array.from({ length: slots }, (_, index) => index + 1).find(
    (it) => !siblings.some((row) => row.slot === it),
  )
  if (slot === undefined)
    refuse('AttachmentLimitExceeded', { message: `The instance '${values.instanceId}' has as many volumes as it may.` })
  const row = { ...values, slot }
  await tx.db.insertInto('attachments').values(row).execute()
  await wish(tx, [volume.hostId])
  await startStrand(tx, volumeAttachmentMachine, row.id)
  return row
}

/** Begins to detach; with `force`, does not wait for the guest to let go. */
export async function detach(tx: Transaction, row: AttachmentRow, force: boolean): Promise<AttachmentRow> {
  await destroy(tx, row.id)
  if (force) await signal(tx, row.id, 'force')
  if (row.state === 'detaching') return row
  await tx.db.updateTable('attachments').set({ state: 'detaching' }).where('id', '=', row.id).execute()
  return { ...row, state: 'detaching' }
}

/** Unties all that is tied to an instance that ends. */
export async function detachAll(tx: Transaction, instance: InstanceId): Promise<void> {
  const rows = await tx.db.selectFrom('attachments').selectAll().where('instanceId', '=', instance).execute()
  for (const row of rows) await detach(tx, row, false)
}

export async function hasVolumes({ db }: Reader, instance: InstanceId): Promise<boolean> {
  const row = await db.selectFrom('attachments').select('id').where('instanceId', '=', instance).executeTakeFirst()
  return row !== undefined
}

/** Source: errors of EC2 quoted in public. */
function refuseUnlessAttachable(volume: VolumeRow, instance: InstanceRow): void {
  if (volume.zone !== instance.zone)
    refuse('InvalidVolume.ZoneMismatch', {
      message: `The volume '${volume.id}' is not in the same availability zone as instance '${instance.id}'`,
    })
  if (instance.state !== 'running' && instance.state !== 'stopped')
    refuse('IncorrectState', { message: `Instance '${instance.id}' is not 'running'.` })
  if (volume.state !== 'available') refuse('IncorrectState', { message: `${volume.id} is not 'available'.` })
}
