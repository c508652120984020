/** Stopping and starting of instances whose root is a volume: the machine goes and comes, perhaps elsewhere; the disks stay. */
import type { Random } from '../../base/random.ts'
import type { Cloud } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import type { HostId } from '../../model/ids.ts'
import type { InstanceState } from '../../model/instance-states.ts'
import { instanceType, scaled } from '../../model/instance-types.ts'
import { place } from '../../scheduler/place.ts'
import { nextNumber } from '../../store/sequences.ts'
import type { Transaction } from '../../store/store.ts'
import type { InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import { signal } from '../../strand/calls.ts'
import { lendAddresses } from '../addresses/lend.ts'
import { candidates, overheadMiB } from '../hosts/candidates.ts'
import { hostsOfVpc, wish } from '../hosts/wishes.ts'

export interface StopContext {
  readonly tx: Transaction
  readonly cloud: Cloud
  readonly now: Date
  readonly random: Random
}

/** Asks the instance to stop; `cut`: without waiting for its guest, even if it stops already. One that stops or is stopped stays so. Answers the state it then has. */
export async function stop({ tx, now }: StopContext, row: InstanceRow, cut = false): Promise<InstanceState> {
  if (cut && row.state === 'stopping') await signal(tx, row.id, 'cut')
  if (row.state === 'stopping' || row.state === 'stopped') return row.state
  if (row.state !== 'running') refuse('IncorrectInstanceState', { id: row.id, verb: 'stopped' })
  await tx.db
    .updateTable('instances')
    .set({ state: 'stopping', stateReason: 'userShutdown', transitionReason: `User initiated (${gmt(now)})` })
    .where('id', '=', row.id)
    .execute()
  if (cut) await signal(tx, row.id, 'cut')
  await signal(tx, row.id, 'stop')
  return 'stopping'
}

/** Gives a stopped instance a host, and a public address if it shall have one, and asks it to start. Answers the state it then has. */
export async function start(context: StopContext, row: InstanceRow): Promise<InstanceState> {
  const { tx, now } = context
  if (row.state === 'pending' || row.state === 'running') return row.state
  if (row.state !== 'stopped') refuse('IncorrectInstanceState', { id: row.id, verb: 'started' })
  const memoryMib = scaled(instanceType(row.type)!, context.cloud.scale).memoryMiB // instances are made of types that exist
  const hostId = await placeFor(tx, row, memoryMib)
  const domainId = `dom_${await nextNumber(tx, 'domain')}` as const
  await tx.db
    .updateTable('instances')
    .set({ state: 'pending', stateReason: 'pending', transitionReason: '', launchedAt: now.getTime() })
    .set({ runningAt: null, hostId, domainId, memoryMib, power: 'wait', reboots: 0 })
    .where('id', '=', row.id)
    .execute()
  await lendAgain(context, row)
  const interfaces = await interfacesOf(tx, row)
  const hosts = await Promise.all(interfaces.map((it) => hostsOfVpc(tx, it.vpcId)))
  await wish(tx, [...hosts.flat(), ...(await volumeHostsOf(tx, row)), hostId])
  await signal(tx, row.id, 'start')
  return 'pending'
}

async function placeFor(tx: Transaction, row: InstanceRow, memoryMiB: number): Promise<HostId> {
  const usable = await candidates(tx, { zone: row.zone, most: 1 })
  const [host] = place(usable, { memoryMiB: memoryMiB + overheadMiB, min: 1, max: 1 }) ?? []
  return host ?? refuse('InsufficientInstanceCapacity', { type: row.type, zone: row.zone })
}

/** A public address for the primary interface, where its subnet gives one, unless it has an elastic one. */
async function lendAgain(context: StopContext, row: InstanceRow): Promise<void> {
  const { db } = context.tx
  const nic = (await interfacesOf(context.tx, row)).find((it) => it.deviceIndex === 0)
  if (!nic) return
  const subnet = await db.selectFrom('subnets').select('mapsPublic').where('id', '=', nic.subnetId).executeTakeFirst()
  const has = await db.selectFrom('addresses').select('id').where('interfaceId', '=', nic.id).executeTakeFirst()
  if (subnet?.mapsPublic === 1 && !has) await lendAddresses(context.tx, [nic], context)
}

function interfacesOf({ db }: Transaction, { id }: InstanceRow): Promise<InterfaceRow[]> {
  return db.selectFrom('interfaces').selectAll().where('instanceId', '=', id).orderBy('deviceIndex').execute()
}

/** Hosts that serve the instance's volumes. */
export async function volumeHostsOf({ db }: Transaction, { id }: Pick<InstanceRow, 'id'>): Promise<HostId[]> {
  const rows = await db
    .selectFrom('attachments')
    .innerJoin('volumes', 'volumes.id', 'attachments.volumeId')
    .select('volumes.hostId')
    .where('attachments.instanceId', '=', id)
    .execute()
  return rows.map((it) => it.hostId)
}

/** `2014-04-23 20:11:35 GMT`. */
function gmt(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} GMT`
}
