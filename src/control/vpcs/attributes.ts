import type { Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'

/** Changes what names the VPC's guests have and ask for. */
export async function changeDns(
  tx: Transaction,
  { id }: VpcRow,
  set: Partial<Pick<VpcRow, 'dnsSupport' | 'dnsHostnames'>>,
): Promise<void> {
  if (Object.keys(set).length === 0) return
  await tx.db.updateTable('vpcs').set(set).where('id', '=', id).execute()
  await wishVpc(tx, id)
}
