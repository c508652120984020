/** Changes of what an instance is, while it lives. Its host is told in the same transaction. */
import { refuse } from '../../model/errors.ts'
import type { GroupId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import { wish, wishVpc } from '../hosts/wishes.ts'
import { setGroups } from '../interfaces/groups.ts'

type Columns = Pick<
  InstanceRow,
  'apiTerminationDisabled' | 'apiStopDisabled' | 'shutdownBehavior' | 'monitoring' | 'metadataJson'
>

/** Columns that a guest, or its machine, can tell the difference of. */
const felt: readonly (keyof Columns)[] = ['monitoring', 'metadataJson']

/** Sets columns of the instance. Refuses one that has ended. */
export async function changeInstance(
  tx: Transaction,
  row: InstanceRow,
  columns: Partial<Columns>,
): Promise<InstanceRow> {
  refuseEnded(row)
  const updated = tx.db.updateTable('instances').set(columns).where('id', '=', row.id).returningAll()
  const changed = await updated.executeTakeFirstOrThrow()
  if (row.hostId && felt.some((it) => it in columns)) await wish(tx, [row.hostId])
  return changed
}

/** Puts the instance's interface into these groups of its VPC, and out of all others. */
export async function changeGroups(
  tx: Transaction,
  row: InstanceRow,
  groups: (nic: InterfaceRow) => Promise<readonly GroupId[]>,
): Promise<void> {
  const nic = await primaryInterface(tx, row)
  await setGroups(tx, nic, await groups(nic))
}

/** Whether the guest may send and receive for other addresses than its own. */
export async function changeSourceDestCheck(tx: Transaction, row: InstanceRow, checked: boolean): Promise<void> {
  const nic = await primaryInterface(tx, row)
  await tx.db
    .updateTable('interfaces')
    .set({ sourceDestCheck: checked ? 1 : 0 })
    .where('id', '=', nic.id)
    .execute()
  await wishVpc(tx, nic.vpcId)
}

/** Source: NixOS/nixops-aws#55. */
export function refuseSeveral({ id }: InstanceRow): never {
  return refuse('InvalidInstanceID', {
    message: `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`,
  })
}

async function primaryInterface(tx: Transaction, row: InstanceRow): Promise<InterfaceRow> {
  refuseEnded(row)
  const nics = await tx.db.selectFrom('interfaces').selectAll().where('instanceId', '=', row.id).execute()
  if (nics.length > 1) refuseSeveral(row)
  return nics[0] ?? refuseState(row)
}

function refuseEnded(row: InstanceRow): void {
  if (row.state === 'shutting-down' || row.state === 'terminated') refuseState(row)
}

/** Guess: EC2 has these words for other changes of an instance that has ended. */
function refuseState({ id }: InstanceRow): never {
  return refuse('IncorrectInstanceState', { id, verb: 'modified' })
}
