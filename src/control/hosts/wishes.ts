/** A host's generation: it grows in the transaction that changes what the host shall do; of those around a launch, in one right after. */
import { sql } from 'kysely'
import type { HostId, VpcId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { HostRow } from '../../store/tables/resources.ts'
import { peersOf } from '../peerings/find.ts'

/** The store's channel on which hosts are told whose spec has changed. */
export const hostChannel = 'hosts'

/** Grows the generation of each of `hosts`, and has their specs sent once this is committed. Answers the new generations. */
export async function wish(tx: Transaction, hosts: Iterable<HostId>): Promise<ReadonlyMap<HostId, number>> {
  const ids = [...new Set(hosts)]
  return ids.length === 0 ? new Map() : told(tx, await growThese(tx, ids))
}

/** The same for every host that has a part of the VPC: those with a guest in it or in one of its peers, and the edge. */
export async function wishVpc(tx: Transaction, vpc: VpcId): Promise<ReadonlyMap<HostId, number>> {
  return told(tx, await growAround(tx, [vpc, ...(await peersOf(tx, vpc))], nobody))
}

/** The same for the hosts of the VPC's guests, which its rules concern. */
export async function wishRules(tx: Transaction, vpc: VpcId): Promise<void> {
  told(tx, await growUnder(tx, [vpc, ...(await peersOf(tx, vpc))]))
}

/** The store's channel on which VPCs are told in which something was launched: a `Launch`. */
export const launchChannel = 'launches'

export interface Launch {
  readonly vpc: VpcId
  /** Where it was launched. */
  readonly hosts: readonly HostId[]
}

/**
 * Grows the generation of the hosts of a launch, as `wish` does. The others of its VPC, who have to know its addresses, hear of it by
 * `wishAround` once this is committed, of many launches at once: there may be a hundred hosts, and their rows would be most of what a launch writes.
 */
export async function wishLaunch(tx: Transaction, launch: Launch): Promise<ReadonlyMap<HostId, number>> {
  tx.notify(launchChannel, JSON.stringify(launch))
  return wish(tx, launch.hosts)
}

/** Grows the generations of all who have not heard of these launches. Answers their hosts. */
export async function wishAround(tx: Transaction, launches: readonly Launch[]): Promise<ReadonlySet<HostId>> {
  const grown = new Set<HostId>()
  for (const [vpc, [launch, ...more]] of Map.groupBy(launches, (it) => it.vpc)) {
    const but = launch && more.length === 0 ? launch.hosts : nobody // Those of several may not know of each other.
    for (const { id } of await growAround(tx, [vpc, ...(await peersOf(tx, vpc))], but)) grown.add(id)
  }
  return grown
}

/** The hosts of `wishVpc`, where they are to be told after the VPC has changed. */
export async function hostsOfVpc(tx: Transaction, vpc: VpcId): Promise<HostId[]> {
  return (await around(tx, [vpc, ...(await peersOf(tx, vpc))])).map((row) => row.id)
}

function told(tx: Transaction, grown: readonly Pick<HostRow, 'id' | 'generation'>[]): ReadonlyMap<HostId, number> {
  for (const { id } of grown) tx.notify(hostChannel, id)
  return new Map(grown.map((row) => [row.id, row.generation]))
}

type Db = Reader['db']

function growing(db: Db) {
  return db
    .updateTable('hosts')
    .set((eb) => ({ generation: eb('generation', '+', 1) }))
    .returning(['id', 'generation'])
}

function under(db: Db, vpcs: readonly VpcId[]) {
  return db.selectFrom('vpcHosts').select('hostId as id').where('vpcId', 'in', vpcs)
}

function allAround(db: Db, vpcs: readonly VpcId[]) {
  return under(db, vpcs).union(db.selectFrom('hosts').select('id').where('isEdge', '=', sql.lit(1)))
}

/** No host has this id. */
const nobody = ['' as HostId]

const growThese = prepared((db, ids: readonly HostId[]) => growing(db).where('id', 'in', ids))
const growUnder = prepared((db, vpcs: readonly VpcId[]) => growing(db).where('id', 'in', under(db, vpcs)))
const growAround = prepared((db, vpcs: readonly VpcId[], but: readonly HostId[]) =>
  growing(db).where('id', 'in', allAround(db, vpcs)).where('id', 'not in', but),
)
const around = prepared((db, vpcs: readonly VpcId[]) => allAround(db, vpcs))
