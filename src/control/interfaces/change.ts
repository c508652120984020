import type { Transaction } from '../../store/store.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'

/** Sets columns of the interface; hosts are told of what they enforce. */
export async function changeInterface(
  tx: Transaction,
  { id, vpcId }: InterfaceRow,
  columns: Partial<Pick<InterfaceRow, 'description' | 'sourceDestCheck' | 'deleteOnTermination'>>,
): Promise<void> {
  await tx.db.updateTable('interfaces').set(columns).where('id', '=', id).execute()
  if (columns.sourceDestCheck !== undefined) await wishVpc(tx, vpcId)
}
