/** Tags: rows beside any resource. Source: EC2 User Guide, "Tag your EC2 resources", restrictions. */
import { refuse } from '../../model/errors.ts'
import { type AccountId, kindOfId, type ResourceKind } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import { checkIds, type LookedUpKind, refuseMissing } from '../lookup.ts'

export type Tags = Readonly<Record<string, string>>

const mostTags = 50
const longestKey = 128
const longestValue = 256

/** The tags of each of `ids`; those without any are absent. */
export async function tagsOf(reader: Reader, ids: readonly string[]): Promise<ReadonlyMap<string, Tags>> {
  const found = new Map<string, Record<string, string>>()
  if (ids.length === 0) return found
  for (const { resourceId, key, value } of await tagRows(reader, ids)) {
    const tags: Record<string, string> = found.get(resourceId) ?? Object.create(null)
    tags[key] = value
    found.set(resourceId, tags)
  }
  return found
}

const tagRows = prepared((db, ids: readonly string[]) =>
  db.selectFrom('tags').select(['resourceId', 'key', 'value']).where('resourceId', 'in', ids).orderBy('key'),
)

/** `rows` with their tags: what a Describe filters and renders. */
export async function withTags<Row extends { readonly id: string }>(
  reader: Reader,
  rows: readonly Row[],
): Promise<(Row & { readonly tags: Tags })[]> {
  const tags = await tagsOf(
    reader,
    rows.map((it) => it.id),
  )
  return rows.map((row) => ({ ...row, tags: tags.get(row.id) ?? {} }))
}

/** As answers have them. */
export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

/** Checks tags as a request has them: lengths, `aws:`, keys twice, how many. */
export function checkTags(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[],
): Tags {
  const checked: Record<string, string> = Object.create(null)
  for (const { Key, Value = '' } of tags) {
    if (!Key) refuse('InvalidParameterValue', { message: 'Tag key cannot be empty' })
    if ([...Key].length > longestKey)
      refuse('InvalidParameterValue', { message: `Tag key exceeds the maximum length of ${longestKey} characters` })
    if ([...Value].length > longestValue)
      refuse('InvalidParameterValue', { message: `Tag value exceeds the maximum length of ${longestValue} characters` })
    if (/^aws:/i.test(Key))
      refuse('InvalidParameterValue', { message: `Tag keys starting with 'aws:' are reserved for internal use` })
    if (Key in checked) refuse('InvalidParameterValue', { message: `Duplicate tag key '${Key}' specified.` })
    checked[Key] = Value
  }
  if (tags.length > mostTags) refuse('TagLimitExceeded')
  return checked
}

/**
 * Refuses tags that a guest could not read as paths of its metadata.
 * Source: EC2 User Guide, "View tags for your EC2 instances using instance metadata", and errors of EC2 quoted in public.
 */
export function checkTagsForMetadata(tags: Tags): void {
  const bad = Object.keys(tags).find((key) => !/^[0-9a-zA-Z\-_+=,.@:]{1,255}$/.test(key) || reserved.has(key))
  if (bad === undefined) return
  const pattern = '([0-9a-zA-Z\\\\-_+=,.@:]{1,255})'
  refuse('InvalidParameterValue', {
    message: `'${bad}' is not a valid tag key. Tag keys must match pattern ${pattern}, and must not be a reserved name ('.', '..', '_index')`,
  })
}

const reserved: ReadonlySet<string> = new Set(['.', '..', '_index'])

/** Gives the resource these tags, replacing those with the same key. Refuses the 51st. */
export async function putTags(
  tx: Transaction,
  owner: { account: AccountId; id: string; kind: ResourceKind },
  tags: Tags,
): Promise<void> {
  const rows = Object.entries(tags).map(([key, value]) => ({
    resourceId: owner.id,
    kind: owner.kind,
    accountId: owner.account,
    key,
    value,
  }))
  if (rows.length === 0) return
  await tx.db
    .insertInto('tags')
    .values(rows)
    .onConflict((it) => it.columns(['resourceId', 'key']).doUpdateSet((eb) => ({ value: eb.ref('excluded.value') })))
    .execute()
  const { count } = await tx.db
    .selectFrom('tags')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('resourceId', '=', owner.id)
    .executeTakeFirstOrThrow()
  if (count > mostTags) refuse('TagLimitExceeded')
}

/** Takes tags away; one given with a value only where it has that value. With no tags named: all of them. */
export async function removeTags(
  tx: Transaction,
  id: string,
  tags: readonly { readonly key: string; readonly value?: string }[],
): Promise<void> {
  const remove = tx.db.deleteFrom('tags').where('resourceId', '=', id)
  if (tags.length === 0) {
    await remove.execute()
    return
  }
  for (const { key, value } of tags) {
    const one = remove.where('key', '=', key)
    await (value === undefined ? one : one.where('value', '=', value)).execute()
  }
}

/** Where resources that can be tagged live, and how one that is missing is refused. */
const tables = {
  instance: 'instances',
  image: 'images',
  volume: 'volumes',
  snapshot: 'snapshots',
  'security-group': 'securityGroups',
  'security-group-rule': 'securityGroupRules',
  'key-pair': 'keyPairs',
  vpc: 'vpcs',
  subnet: 'subnets',
  'network-interface': 'interfaces',
  'elastic-ip': 'addresses',
  'prefix-list': 'prefixLists',
  'network-acl': 'networkAcls',
  'route-table': 'routeTables',
  'internet-gateway': 'internetGateways',
  'dhcp-options': 'dhcpOptions',
  natgateway: 'natGateways',
  'vpc-endpoint': 'vpcEndpoints',
  'vpc-peering-connection': 'peerings',
  'import-image-task': 'diskTasks',
  'import-snapshot-task': 'diskTasks',
  'export-image-task': 'diskTasks',
} as const satisfies Partial<Record<LookedUpKind, string>>

/** The kind of each resource of `account`; refuses ids that name none, each as its kind does. */
export async function taggable(
  reader: Reader,
  account: AccountId,
  ids: readonly string[],
): Promise<{ id: string; kind: ResourceKind }[]> {
  const found: { id: string; kind: ResourceKind }[] = []
  for (const id of new Set(ids)) {
    const kind = kindOfId(id)
    if (!kind || !isTaggable(kind)) return refuse('InvalidID', { id })
    checkIds(kind, [id])
    if (!(await owns(reader, account, kind, id))) refuseMissing(kind, id)
    found.push({ id, kind })
  }
  return found
}

function isTaggable(kind: ResourceKind): kind is keyof typeof tables {
  return Object.hasOwn(tables, kind)
}

async function owns(reader: Reader, account: AccountId, kind: keyof typeof tables, id: string): Promise<boolean> {
  if (kind === 'security-group-rule') {
    const rule = await reader.db
      .selectFrom('securityGroupRules')
      .innerJoin('securityGroups', 'securityGroups.id', 'securityGroupRules.groupId')
      .select('securityGroupRules.id')
      .where('securityGroupRules.id', '=', id as never) // The prefix was checked by its kind.
      .where('securityGroups.accountId', '=', account)
      .executeTakeFirst()
    return rule !== undefined
  }
  if (kind === 'vpc-peering-connection') {
    const peering = reader.db
      .selectFrom('peerings')
      .select('id')
      .where('id', '=', id as never)
    return (await peering.where('requesterAccountId', '=', account).executeTakeFirst()) !== undefined
  }
  const table: 'instances' = tables[kind] as 'instances' // All of them have `id` and `accountId`.
  const row = await reader.db
    .selectFrom(table)
    .select('id')
    .where('id', '=', id as never)
    .where('accountId', '=', account)
    .executeTakeFirst()
  return row !== undefined
}
