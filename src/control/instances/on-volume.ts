/** What an instance has to do with volumes. */
import type { DomainId, InstanceId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'
import { signal } from '../../strand/calls.ts'
import { takeBackAddresses } from '../addresses/lend.ts'
import { hostsOfVpc, wish } from '../hosts/wishes.ts'

/** Whether its root is a volume: it can stop, and nothing is lost where its machine is. */
export async function isOnVolume({ db }: Reader, { imageId }: InstanceRow): Promise<boolean> {
  const image = await db.selectFrom('images').select('rootSnapshotId').where('id', '=', imageId).executeTakeFirst()
  return Boolean(image?.rootSnapshotId)
}

/** Whether all its volumes can be reached by its domain. */
export async function areServed({ db }: Reader, { id, domainId }: InstanceRow): Promise<boolean> {
  const rows = await db
    .selectFrom('attachments')
    .leftJoin('volumeFacts', 'volumeFacts.id', 'attachments.volumeId')
    .select(['attachments.stage', 'volumeFacts.domainsJson'])
    .where('attachments.instanceId', '=', id)
    .where('attachments.state', '!=', 'detaching')
    .execute()
  return rows.every(
    (it) => it.stage === 'plug' && (JSON.parse(it.domainsJson ?? '[]') as DomainId[]).includes(domainId),
  )
}

/** Whether one of its volumes could not be made. */
export async function isVolumeInError({ db }: Reader, id: InstanceId): Promise<boolean> {
  const row = await db
    .selectFrom('attachments')
    .innerJoin('volumes', 'volumes.id', 'attachments.volumeId')
    .select('volumes.id')
    .where('attachments.instanceId', '=', id)
    .where('volumes.state', '=', 'error')
    .executeTakeFirst()
  return row !== undefined
}

/** Gives back the host and the public address that was lent: all that a stopped instance does not have. */
export async function unplace(tx: Transaction, id: InstanceId): Promise<void> {
  const interfaces = await tx.db.selectFrom('interfaces').select(['id', 'vpcId']).where('instanceId', '=', id).execute()
  await takeBackAddresses(
    tx,
    interfaces.map((it) => it.id),
  )
  await tx.db
    .updateTable('instances')
    .set({ state: 'stopped', hostId: null, power: 'off', runningAt: null, reboots: 0, holdReboot: null })
    .where('id', '=', id)
    .execute()
  const hosts = await Promise.all(interfaces.map((it) => hostsOfVpc(tx, it.vpcId)))
  await wish(tx, hosts.flat())
  const attachments = await tx.db.selectFrom('attachments').select('id').where('instanceId', '=', id).execute()
  for (const it of attachments) await signal(tx, it.id, 'facts')
}
