/** A new VPC, with all that EC2 makes along with one; and its end. */
import type { Random } from '../../base/random.ts'
import { type Cloud, privateDomain } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId, type VpcId } from '../../model/ids.ts'
import { nextNumber } from '../../store/sequences.ts'
import type { Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { ensureDefaultOptions } from '../dhcp-options/options.ts'
import { makeAcl, removeDefaultAcl } from '../network-acls/change.ts'
import { endPeeringsOf } from '../peerings/change.ts'
import { makeMainTable, removeTables } from '../route-tables/tables.ts'
import { defaultGroupName, makeGroup } from '../security-groups/groups.ts'
import { removeRules, rulesOf } from '../security-groups/rules.ts'
import { removeTags } from '../tags/tags.ts'
import { checkVpcBlock } from './blocks.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": VPCs per region. */
const mostVpcs = 5
/** VXLAN identifiers below are left to those who wire networks by hand. */
const firstVni = 4096

export interface NewVpc {
  readonly account: AccountId
  readonly cidr: string
  readonly isDefault: boolean
}

interface Around {
  readonly cloud: Cloud
  readonly now: Date
  readonly random: Random
}

/** Makes the VPC. Refuses: InvalidVpc.Range, VpcLimitExceeded. */
export async function makeVpc(tx: Transaction, { account, cidr, isDefault }: NewVpc, around: Around): Promise<VpcRow> {
  checkVpcBlock(cidr)
  const others = await tx.db.selectFrom('vpcs').select('id').where('accountId', '=', account).execute()
  if (others.length >= mostVpcs) refuse('VpcLimitExceeded')
  const row: VpcRow = {
    id: newId('vpc', around.random),
    accountId: account,
    cidr,
    vni: firstVni + (await nextNumber(tx, 'vni')),
    isDefault: isDefault ? 1 : 0,
    createdAt: around.now.getTime(),
    dhcpOptionsId: (await ensureDefaultOptions(tx, account, privateDomain(around.cloud), around.random)).id,
    dnsSupport: 1,
    dnsHostnames: isDefault ? 1 : 0,
  }
  await tx.db.insertInto('vpcs').values(row).execute()
  for (const make of companions) await make(tx, row, around)
  return row
}

/** What comes with a VPC, and goes with it. Source: EC2 API Reference, CreateVpc and DeleteVpc. */
const companions: readonly ((tx: Transaction, vpc: VpcRow, around: Around) => Promise<unknown>)[] = [
  makeMainTable,
  (tx, { id, accountId }, around) => makeAcl(tx, { account: accountId, vpc: id, isDefault: true }, around),
  (tx, { id, accountId }, around) =>
    makeGroup(
      tx,
      { account: accountId, vpc: id, name: defaultGroupName, description: 'default VPC security group' },
      around,
    ),
]

/** Removes the VPC with what came with it. Refuses as long as anything else is in it. */
export async function removeVpc(tx: Transaction, vpc: VpcRow, now: Date): Promise<void> {
  if (await hasDependents(tx, vpc.id))
    refuse('DependencyViolation', { message: `The vpc '${vpc.id}' has dependencies and cannot be deleted.` })
  await endPeeringsOf(tx, vpc, now)
  await removeTables(tx, vpc.id)
  await removeDefaultAcl(tx, vpc.id)
  await removeDefaultGroup(tx, vpc.id)
  await removeTags(tx, vpc.id, [])
  await tx.db.deleteFrom('vpcs').where('id', '=', vpc.id).execute()
}

async function hasDependents({ db }: Transaction, vpc: VpcId): Promise<boolean> {
  const found = await Promise.all([
    db.selectFrom('subnets').select('id').where('vpcId', '=', vpc).executeTakeFirst(),
    db.selectFrom('egressOnlyGateways').select('id').where('vpcId', '=', vpc).executeTakeFirst(),
    db.selectFrom('vpcEndpoints').select('id').where('vpcId', '=', vpc).executeTakeFirst(),
    db.selectFrom('internetGateways').select('id').where('vpcId', '=', vpc).executeTakeFirst(),
    db
      .selectFrom('securityGroups')
      .select('id')
      .where('vpcId', '=', vpc)
      .where('name', '!=', defaultGroupName)
      .executeTakeFirst(),
    db.selectFrom('networkAcls').select('id').where('vpcId', '=', vpc).where('isDefault', '=', 0).executeTakeFirst(),
    db
      .selectFrom('routeTables')
      .leftJoin('routeTableAssociations', (join) =>
        join
          .onRef('routeTableAssociations.routeTableId', '=', 'routeTables.id')
          .on('routeTableAssociations.subnetId', 'is', null),
      )
      .select('routeTables.id')
      .where('routeTables.vpcId', '=', vpc)
      .where('routeTableAssociations.id', 'is', null)
      .executeTakeFirst(),
  ])
  return found.some((it) => it !== undefined)
}

async function removeDefaultGroup(tx: Transaction, vpc: VpcId): Promise<void> {
  const groups = await tx.db.selectFrom('securityGroups').select('id').where('vpcId', '=', vpc).execute()
  const ids = groups.map((it) => it.id)
  await removeRules(tx, [...(await rulesOf(tx, ids)).values()].flat())
  for (const id of ids) await removeTags(tx, id, [])
  await tx.db.deleteFrom('securityGroups').where('vpcId', '=', vpc).execute()
}
