/** Changes of network ACLs. Hosts are told in the same transaction. */
import { isDeepStrictEqual } from 'node:util'
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId, type VpcId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { NetworkAclRow } from '../../store/tables/network-acls.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { removeTags } from '../tags/tags.ts'
import { type AclAssociation, type AclEntry, associationsIn, entriesOf } from './find.ts'
import type { AclRule } from './rule.ts'

interface NewAcl {
  readonly account: AccountId
  readonly vpc: VpcId
  readonly isDefault: boolean
}

/**
 * Makes an ACL. The default one of a VPC allows everything by entry 100 in both directions; any other denies everything.
 * Source: VPC User Guide, "Default network ACL" and "Custom network ACLs".
 */
export async function makeAcl(
  tx: Transaction,
  { account, vpc, isDefault }: NewAcl,
  { now, random }: { now: Date; random: Random },
): Promise<NetworkAclRow> {
  const id = newId('network-acl', random)
  const row = { id, vpcId: vpc, accountId: account, isDefault: isDefault ? 1 : 0, createdAt: now.getTime() } as const
  await tx.db.insertInto('networkAcls').values(row).execute()
  const rule = everythingIn('0.0.0.0/0')
  if (isDefault) for (const egress of [false, true]) await insertEntry(tx, row, { number: 100, egress, rule })
  return row
}

/**
 * The VPC has got IPv6: its default ACL lets that pass too, by entry 101, in each direction that nobody has changed.
 * Source: VPC User Guide, "Default network ACL for a VPC".
 */
export async function openAclFor6(tx: Transaction, vpc: VpcId): Promise<void> {
  const acl = await tx.db
    .selectFrom('networkAcls')
    .selectAll()
    .where('vpcId', '=', vpc)
    .where('isDefault', '=', 1)
    .executeTakeFirstOrThrow()
  const entries = (await entriesOf(tx, [acl.id])).get(acl.id) ?? []
  for (const egress of [false, true]) {
    const [only, ...more] = entries.filter((it) => it.egress === egress)
    if (more.length > 0 || only?.number !== 100 || !isDeepStrictEqual(only.rule, everythingIn('0.0.0.0/0'))) continue
    await insertEntry(tx, acl, { number: 101, egress, rule: everythingIn('::/0') })
  }
}

function everythingIn(cidr: string): AclRule {
  return { action: 'allow', protocol: 'all', cidr }
}

/** Deletes an ACL that no subnet has. Refuses the default one. Source: EC2 API Reference, DeleteNetworkAcl. Guess: the codes. */
export async function removeAcl(tx: Transaction, acl: NetworkAclRow): Promise<void> {
  if (acl.isDefault === 1) refuse('InvalidParameterValue', { message: `cannot delete default network ACL ${acl.id}` })
  const used = (await associationsIn(tx, [acl.vpcId])).some((it) => it.aclId === acl.id)
  if (used) refuse('DependencyViolation', { id: acl.id })
  await removeTags(tx, acl.id, [])
  await tx.db.deleteFrom('networkAcls').where('id', '=', acl.id).execute()
}

/** The default ACL goes with its VPC, which has no other any more. */
export async function removeDefaultAcl(tx: Transaction, vpc: VpcId): Promise<void> {
  const gone = await tx.db.deleteFrom('networkAcls').where('vpcId', '=', vpc).returning('id').execute()
  for (const { id } of gone) await removeTags(tx, id, [])
}

/** Entries of an ACL in each direction, the one that denies all not among them. Source: VPC User Guide, "Amazon VPC quotas". */
const mostEntries = 20

/** Refuses a number that the ACL has. */
export async function addEntry(tx: Transaction, acl: NetworkAclRow, entry: AclEntry): Promise<void> {
  const all = (await entriesOf(tx, [acl.id])).get(acl.id) ?? []
  const same = all.filter((it) => it.egress === entry.egress)
  if (same.some((it) => it.number === entry.number)) refuse('NetworkAclEntryAlreadyExists', { number: entry.number })
  if (same.length >= mostEntries) refuse('NetworkAclEntryLimitExceeded')
  await insertEntry(tx, acl, entry)
  await enforce(tx, acl)
}

/** Makes an entry say something else. Refuses a number that the ACL does not have. */
export async function replaceEntry(tx: Transaction, acl: NetworkAclRow, entry: AclEntry): Promise<void> {
  await deleteEntry(tx, acl, entry)
  await insertEntry(tx, acl, entry)
  await enforce(tx, acl)
}

export async function removeEntry(
  tx: Transaction,
  acl: NetworkAclRow,
  entry: Pick<AclEntry, 'number' | 'egress'>,
): Promise<void> {
  await deleteEntry(tx, acl, entry)
  await enforce(tx, acl)
}

/** Gives the association's subnet another ACL of its VPC; the association gets a new id, as EC2 does. */
export async function replaceAssociation(
  tx: Transaction,
  { subnetId }: AclAssociation,
  acl: NetworkAclRow,
  random: Random,
): Promise<AclAssociation['id']> {
  const subnet = await tx.db.selectFrom('subnets').select('vpcId').where('id', '=', subnetId).executeTakeFirst()
  if (subnet?.vpcId !== acl.vpcId) {
    const message = `networkAcl ${acl.id} and subnet ${subnetId} belong to different networks`
    refuse('InvalidParameterValue', { message })
  }
  const id = newId('network-acl-association', random)
  await tx.db
    .insertInto('networkAclAssociations')
    .values({ subnetId, id, aclId: acl.id })
    .onConflict((it) => it.column('subnetId').doUpdateSet({ id, aclId: acl.id }))
    .execute()
  await enforce(tx, acl)
  return id
}

async function insertEntry(tx: Transaction, { id }: NetworkAclRow, { number, egress, rule }: AclEntry): Promise<void> {
  const ruleJson = JSON.stringify(rule satisfies AclRule)
  await tx.db
    .insertInto('networkAclEntries')
    .values({ aclId: id, egress: egress ? 1 : 0, number, ruleJson })
    .execute()
}

async function deleteEntry(
  tx: Transaction,
  { id }: NetworkAclRow,
  { number, egress }: Pick<AclEntry, 'number' | 'egress'>,
): Promise<void> {
  const gone = await tx.db
    .deleteFrom('networkAclEntries')
    .where('aclId', '=', id)
    .where('egress', '=', egress ? 1 : 0)
    .where('number', '=', number)
    .returning('number')
    .executeTakeFirst()
  if (!gone) refuse('InvalidNetworkAclEntry.NotFound', { number, acl: id })
}

async function enforce(tx: Transaction, { vpcId }: NetworkAclRow): Promise<void> {
  await wishVpc(tx, vpcId)
}
