import { refuse } from '../../model/errors.ts'
import type { InterfaceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'
import { leaveInterfaces } from '../addresses/leave.ts'
import { natOfInterface } from '../nat-gateways/find.ts'

/** Removes an interface that no instance has. Source: for the refusal, aws/amazon-vpc-cni-k8s#1399. */
export async function removeInterface(tx: Transaction, { id, instanceId }: InterfaceRow): Promise<void> {
  if (instanceId !== null || (await natOfInterface(tx, id)))
    refuse('InvalidParameterValue', { message: `Network interface '${id}' is currently in use.` })
  await removeInterfaces(tx, [id])
}

/** Gives back these interfaces, their addresses and their tags. Elastic addresses stay their owner's. */
export async function removeInterfaces(tx: Transaction, ids: readonly InterfaceId[]): Promise<void> {
  if (ids.length === 0) return
  await leaveInterfaces(tx, ids)
  await tx.db.deleteFrom('tags').where('resourceId', 'in', ids).execute()
  await tx.db.deleteFrom('interfaces').where('id', 'in', ids).execute()
}
