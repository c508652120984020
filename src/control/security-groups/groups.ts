/** Security groups of a VPC, by id or name; and a new one with the rules that EC2 gives it. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, type GroupId, newId, type VpcId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SecurityGroupRow } from '../../store/tables/resources.ts'
import { checkIds } from '../lookup.ts'
import { canonical, type Rule } from './rule.ts'
import { addRules, rulesOfGroup } from './rules.ts'

export interface NewGroup {
  readonly account: AccountId
  readonly vpc: VpcId
  readonly name: string
  readonly description: string
}

/** The group that every VPC has, and that interfaces are in where nobody says otherwise. Nobody else may have its name. */
export const defaultGroupName = 'default'

/**
 * Makes a group that lets everything out; the default group also lets its members reach each other.
 * Source: VPC User Guide, "Default security groups for your VPCs" and "Security group rules".
 */
export async function makeGroup(
  tx: Transaction,
  { account, vpc, name, description }: NewGroup,
  { now, random }: { now: Date; random: Random },
): Promise<SecurityGroupRow> {
  const id = newId('security-group', random)
  const row = { id, vpcId: vpc, accountId: account, name, description, createdAt: now.getTime() }
  await tx.db.insertInto('securityGroups').values(row).execute()
  const six = await tx.db.selectFrom('vpcIpv6Blocks').select('id').where('vpcId', '=', vpc).executeTakeFirst()
  const everywhere = six ? [outTo('0.0.0.0/0'), outTo('::/0')] : [outTo('0.0.0.0/0')]
  const members = { direction: 'ingress', protocol: 'all', peer: { group: id, account } } as const
  await addRules(tx, id, name === defaultGroupName ? [members, ...everywhere] : everywhere, { now, random })
  return row
}

/**
 * The VPC has got IPv6: groups let that out too whose rules for what goes out nobody has changed.
 * Source: VPC User Guide, "Security group rules", of IPv6 blocks that are associated later.
 */
export async function openGroupsFor6(
  tx: Transaction,
  account: AccountId,
  vpc: VpcId,
  around: { now: Date; random: Random },
): Promise<void> {
  const unchanged = canonical(outTo('0.0.0.0/0'))
  for (const { id } of await groupsOfVpc(tx, account, vpc)) {
    const [only, ...more] = await rulesOfGroup(tx, id, 'egress')
    if (only && more.length === 0 && canonical(only) === unchanged) await addRules(tx, id, [outTo('::/0')], around)
  }
}

function outTo(cidr: string): Rule {
  return { direction: 'egress', protocol: 'all', peer: { cidr } }
}

/** Every group of the account, in the order of their ids. */
export function listGroups(reader: Reader, account: AccountId): Promise<SecurityGroupRow[]> {
  return reader.db.selectFrom('securityGroups').selectAll().where('accountId', '=', account).orderBy('id').execute()
}

/** The account's groups in the VPC, in the order of their ids. */
export const groupsOfVpc = prepared((db, account: AccountId, vpc: VpcId) =>
  db.selectFrom('securityGroups').selectAll().where('vpcId', '=', vpc).where('accountId', '=', account).orderBy('id'),
)

/** The groups of the VPC with these ids and those with these names, once each. Refuses what the VPC does not have. */
export async function findGroups(
  reader: Reader,
  account: AccountId,
  vpc: VpcId,
  wanted: { readonly ids: readonly string[]; readonly names: readonly string[] },
): Promise<SecurityGroupRow[]> {
  const ids = checkIds('security-group', wanted.ids)
  const rows = await groupsOfVpc(reader, account, vpc)
  const found = [
    ...ids.map((id) => rows.find((it) => it.id === id) ?? refuse('InvalidGroup.NotFound', { id, vpc })),
    ...wanted.names.map(
      (name) => rows.find((it) => it.name === name) ?? refuse('InvalidGroup.NotFound', { id: name, vpc }),
    ),
  ]
  return [...new Set(found)]
}

/** The account's group of this id, in whatever VPC. */
export async function findGroup(reader: Reader, account: AccountId, id: string): Promise<SecurityGroupRow> {
  const [checked] = checkIds('security-group', [id]) as [GroupId]
  const rows = reader.db
    .selectFrom('securityGroups')
    .selectAll()
    .where('id', '=', checked)
    .where('accountId', '=', account)
  return (await rows.executeTakeFirst()) ?? refuse('InvalidGroup.NotFound', { id })
}
