/** What each side of a peering lets the other know. */
import { refuse } from '../../model/errors.ts'
import type { AccountId, VpcId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { PeeringRow } from '../../store/tables/vpcs.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { stateAt } from './find.ts'

export const peeringSides = ['requester', 'accepter'] as const
export type PeeringSide = (typeof peeringSides)[number]

/**
 * Sets whether public names of a side's instances lead the other's guests to private addresses.
 * Refuses: OperationNotPermitted. Source: hashicorp/terraform-provider-aws#31068 and cloudposse/terraform-aws-vpc-peering-multi-account#8,
 * for both texts.
 */
export async function changeNames(
  tx: Transaction,
  row: PeeringRow,
  shares: Partial<Record<PeeringSide, boolean>>,
  { account, now }: { account: AccountId; now: Date },
): Promise<PeeringRow> {
  if (stateAt(row, now) !== 'active')
    refuse('OperationNotPermitted', {
      message: `Peering ${row.id} is not active. Peering options can be added only to active peerings.`,
    })
  for (const side of peeringSides)
    if (shares[side] !== undefined && ownerOf(row, side) !== account)
      refuse('OperationNotPermitted', {
        message: `User ${account} does not have permission to modify the ${side} side peering options`,
      })
  const { requester, accepter } = shares
  const set: Partial<Pick<PeeringRow, 'requesterSharesNames' | 'accepterSharesNames'>> = {
    ...(requester !== undefined && { requesterSharesNames: requester ? 1 : 0 }),
    ...(accepter !== undefined && { accepterSharesNames: accepter ? 1 : 0 }),
  }
  if (Object.keys(set).length === 0) return row
  await tx.db.updateTable('peerings').set(set).where('id', '=', row.id).execute()
  await wishVpc(tx, row.requesterVpcId)
  await wishVpc(tx, row.accepterVpcId)
  return { ...row, ...set }
}

/** The VPCs whose public names lead guests of `vpc` to private addresses, by what their owners said. */
export function sharingWith(vpc: VpcId, active: Iterable<PeeringRow>): VpcId[] {
  return [...active].flatMap((it) => {
    if (it.requesterVpcId === vpc && it.accepterSharesNames === 1) return [it.accepterVpcId]
    return it.accepterVpcId === vpc && it.requesterSharesNames === 1 ? [it.requesterVpcId] : []
  })
}

function ownerOf(row: PeeringRow, side: PeeringSide): AccountId {
  return side === 'requester' ? row.requesterAccountId : row.accepterAccountId
}
