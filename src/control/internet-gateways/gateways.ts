/** Internet gateways: the way between a VPC and the outside, one at most. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { InternetGatewayRow } from '../../store/tables/vpcs.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { removeTags } from '../tags/tags.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": as many as VPCs. */
const mostGateways = 5

/** The account's gateways, or those named, in the order of their ids. */
export async function listGateways(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<InternetGatewayRow[]> {
  const rows = await reader.db
    .selectFrom('internetGateways')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  return ids.length > 0 ? requireAll('internet-gateway', checkIds('internet-gateway', ids), rows) : rows
}

export async function makeGateway(tx: Transaction, account: AccountId, random: Random): Promise<InternetGatewayRow> {
  if ((await listGateways(tx, account)).length >= mostGateways) refuse('InternetGatewayLimitExceeded')
  const row = { id: newId('internet-gateway', random), accountId: account, vpcId: null }
  await tx.db.insertInto('internetGateways').values(row).execute()
  return row
}

/** Source: for the texts, errors of EC2 quoted in public. */
export async function attachGateway(tx: Transaction, { id, vpcId }: InternetGatewayRow, vpc: VpcRow): Promise<void> {
  if (vpcId !== null)
    refuse('Resource.AlreadyAssociated', { message: `resource ${id} is already attached to network ${vpcId}` })
  const other = await tx.db.selectFrom('internetGateways').select('id').where('vpcId', '=', vpc.id).executeTakeFirst()
  if (other) refuse('InvalidParameterValue', { message: `Network ${vpc.id} already has an internet gateway attached` })
  await tx.db.updateTable('internetGateways').set({ vpcId: vpc.id }).where('id', '=', id).execute()
  await wishVpc(tx, vpc.id)
}

/** Refuses as long as something in the VPC has a public address. Routes that lead to it stay, and lead nowhere. */
export async function detachGateway(tx: Transaction, { id, vpcId }: InternetGatewayRow, vpc: VpcRow): Promise<void> {
  if (vpcId !== vpc.id) refuse('Gateway.NotAttached', { id, vpc: vpc.id })
  const mapped = await tx.db
    .selectFrom('addresses')
    .innerJoin('interfaces', 'interfaces.id', 'addresses.interfaceId')
    .select('addresses.id')
    .where('interfaces.vpcId', '=', vpc.id)
    .executeTakeFirst()
  if (mapped)
    refuse('DependencyViolation', {
      message: `Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    })
  await tx.db.updateTable('internetGateways').set({ vpcId: null }).where('id', '=', id).execute()
  await wishVpc(tx, vpc.id)
}

export async function removeGateway(tx: Transaction, { id, vpcId }: InternetGatewayRow): Promise<void> {
  if (vpcId !== null)
    refuse('DependencyViolation', { message: `The internetGateway '${id}' has dependencies and cannot be deleted.` })
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('internetGateways').where('id', '=', id).execute()
}
