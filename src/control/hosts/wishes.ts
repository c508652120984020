/** A host's generation: it grows in the transaction that changes what the host shall do. */
import type { HostId, VpcId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { peersOf } from '../peerings/find.ts'

/** The store's channel on which hosts are told whose spec has changed. */
export const hostChannel = 'hosts'

/** As `wish`, for the hosts of the VPC's guests, which its rules concern. */
export async function wishRules(tx: Transaction, vpc: VpcId): Promise<void> {
  await wish(tx, await guestHostsOfVpc(tx, vpc))
}

/** Grows the generation of each of `hosts`, and has their specs sent once this is committed. Answers the new generations. */
export async function wish(tx: Transaction, hosts: Iterable<HostId>): Promise<ReadonlyMap<HostId, number>> {
  const ids = [...new Set(hosts)]
  if (ids.length === 0) return new Map()
  const rows = await tx.db
    .updateTable('hosts')
    .set((eb) => ({ generation: eb('generation', '+', 1) }))
    .where('id', 'in', ids)
    .returning(['id', 'generation'])
    .execute()
  for (const { id } of rows) tx.notify(hostChannel, id)
  return new Map(rows.map((row) => [row.id, row.generation]))
}

/** Every host that has a part of the VPC: those with a guest in it or in one of its peers, and the edge. */
export async function hostsOfVpc(tx: Transaction, vpc: VpcId): Promise<HostId[]> {
  const edges = await tx.db.selectFrom('hosts').select('id').where('isEdge', '=', 1).execute()
  return [...new Set([...(await guestHostsOfVpc(tx, vpc)), ...edges.map((row) => row.id)])]
}

async function guestHostsOfVpc(tx: Transaction, vpc: VpcId): Promise<HostId[]> {
  const rows = await tx.db
    .selectFrom('vpcHosts')
    .select('hostId')
    .distinct()
    .where('vpcId', 'in', [vpc, ...(await peersOf(tx, vpc))])
    .execute()
  return rows.map((row) => row.hostId)
}
