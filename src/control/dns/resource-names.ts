/** Names that are ids of instances: `i-0123456789abcdef.us-west-2.compute.internal`. Source: EC2 User Guide, "EC2 instance hostname types". */
import type { InstanceId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'

/** Those of the instances whose ids are names. */
export async function namedByResource(reader: Reader, ids: readonly InstanceId[]): Promise<ReadonlySet<InstanceId>> {
  return new Set((await named(reader, ids)).map((row) => row.instanceId))
}

const named = prepared((db, ids: readonly InstanceId[]) =>
  db.selectFrom('resourceNames').select('instanceId').where('instanceId', 'in', ids),
)

/** Makes the instances' ids names, from their launch on. */
export async function nameByResource(tx: Transaction, rows: readonly InstanceRow[]): Promise<void> {
  await tx.db
    .insertInto('resourceNames')
    .values(rows.map((row) => ({ instanceId: row.id })))
    .onConflict((it) => it.doNothing())
    .execute()
}

/** Makes the id of an instance a name, or no longer; its VPC's guests hear of it at once. */
export async function changeResourceName(tx: Transaction, row: InstanceRow, toBe: boolean): Promise<void> {
  if (toBe) await nameByResource(tx, [row])
  else await tx.db.deleteFrom('resourceNames').where('instanceId', '=', row.id).execute()
  const nic = await tx.db.selectFrom('interfaces').select('vpcId').where('instanceId', '=', row.id).executeTakeFirst()
  if (nic) await wishVpc(tx, nic.vpcId)
}
