/**
 * A region full of instances, written as rows: copies of instances that were launched, so that they have all the rows that launches
 * make. While it is filled, no control plane has it open.
 */
import { sql } from 'kysely'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { newAccountId } from '../../src/control/accounts/accounts.ts'
import { makeDefaultVpc } from '../../src/control/vpcs/default-vpc.ts'
import type { Cloud } from '../../src/model/cloud.ts'
import { openStore } from '../../src/store/open.ts'
import type { Database } from '../../src/store/schema.ts'
import type { Transaction } from '../../src/store/store.ts'

/** More public addresses than the usual cloud has: thousands of instances, none of which is on any network. */
export const publicPool = { first: '198.18.0.1', last: '198.19.255.254' }
export const volumesEach = 2
export const inVpc = 100
export const terminated = 100
/** As many instances have one value of the tag `team`. */
export const inTeam = 100
/** The instances of a VPC are on so many hosts of each zone. */
const ofVpcInZone = 5

/** The instances that others are copies of: one that runs and has volumes, one that was terminated. */
export interface Originals {
  readonly running: string
  readonly terminated: string
}

interface Shape {
  readonly cloud: Cloud
  /** A multiple of five. */
  readonly hostsPerZone: number
}

/** The id of the copy number `n`. Spread over the range of ids, as random ones are. */
export function instanceId(n: number): string {
  return `i-${(((n * spread) % 2 ** 32) + 2 ** 32).toString(16).slice(-8)}${n.toString(16).padStart(9, '0')}`
}

const spread = 40_503 * 65_537

const idSql = (prefix: string, n: string) => `printf('${prefix}-%08x%09x', (${n} * ${spread}) % 4294967296, ${n})`

/** Fills the region with `count` running instances, and some that are terminated. */
export async function fillRegion(directory: string, shape: Shape, originals: Originals, count: number): Promise<void> {
  const store = await openStore(directory)
  try {
    await store.transact(async (tx) => {
      await makeVpcs(tx, shape, Math.ceil(count / inVpc))
      await copyRunning(tx, originals.running, count)
      await copyTerminated(tx, originals.terminated, count)
      await tx.db.updateTable('hosts').set({ generation: 1000, received: 1000, settled: 1000 }).execute()
    })
  } finally {
    await store.close()
  }
}

/** More than an account may have, and so first of accounts of their own. Where each one's instances are stands in `places`. */
async function makeVpcs(tx: Transaction, { cloud, hostsPerZone }: Shape, count: number): Promise<void> {
  const { id: owner } = await tx.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow()
  await sql`create temp table places (vpc integer, zone text, hosts integer, "vpcId" text, "subnetId" text, "groupId" text)`.execute(
    tx.db,
  )
  await sql`create index temp."placesByNumber" on places (vpc, zone)`.execute(tx.db)
  for (let number = 0; number < count; number++) {
    const account = newAccountId(systemRandom)
    const { id } = await makeDefaultVpc(tx, account, { cloud, now: systemClock.now(), random: systemRandom })
    await tx.db.updateTable('vpcs').set({ isDefault: 0 }).where('id', '=', id).execute()
    for (const table of ofVpcs)
      await tx.db.updateTable(table).set({ accountId: owner }).where('accountId', '=', account).execute()
    await sql`insert into places select ${number}, substr(s.zone, -1), ${((number * ofVpcInZone) % hostsPerZone) + 1}, ${id}, s.id, g.id
      from subnets s join "securityGroups" g on g."vpcId" = s."vpcId" where s."vpcId" = ${id}`.execute(tx.db)
  }
}

const ofVpcs = ['vpcs', 'subnets', 'routeTables', 'networkAcls', 'securityGroups', 'internetGateways'] as const

const zoneOf = `substr('abcd', n % 4 + 1, 1)`
const publicAddress = `printf('198.%d.%d.%d', 18 + (n + 256) / 65536, (n + 256) / 256 % 256, n % 256)`
const domain = `'dom_' || (n + 1000000)`

async function copyRunning(tx: Transaction, original: string, count: number): Promise<void> {
  const is = (column: string) => `"${column}" = '${original}'`
  const of = (table: string, column: string, where: string) =>
    `"${column}" in (select id from "${table}" where ${where})`
  const instance = idSql('i', 'n')
  const nic = idSql('eni', 'n')
  const host = `${zoneOf} || (hosts + n / 4 % ${ofVpcInZone})`
  const copies = copierOf(tx, count, `join places on places.vpc = n / ${inVpc} and places.zone = ${zoneOf}`)
  const reservationId = idSql('r', 'n')
  await copies(
    'reservations',
    of('reservations', 'id', `id in (select "reservationId" from instances where ${is('id')})`),
    { id: reservationId },
  )
  await copies('instances', is('id'), {
    ...{ id: instance, reservationId, hostId: host, domainId: domain, clientToken: `'fill-' || n` },
    zone: `substr(it.zone, 1, length(it.zone) - 1) || ${zoneOf}`,
  })
  await copies('interfaces', is('instanceId'), {
    ...{ id: nic, instanceId: instance, attachmentId: idSql('eni-attach', 'n'), vpcId: 'places."vpcId"' },
    ...{ subnetId: 'places."subnetId"', zone: `substr(it.zone, 1, length(it.zone) - 1) || ${zoneOf}` },
    mac: `printf('02:00:%02x:%02x:%02x:%02x', n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255)`,
    privateAddress: `printf('172.31.%d.%d', n % 4 * 16, 10 + n % ${inVpc})`,
  })
  const primary = of('interfaces', 'interfaceId', is('instanceId'))
  await copies('interfaceGroups', primary, { interfaceId: nic, groupId: 'places."groupId"' })
  await tx.db.updateTable('addresses').set({ publicAddress: publicPool.last }).execute() // Out of the way of the copies.
  await copies('addresses', primary, {
    ...{ id: idSql('eipalloc', 'n'), interfaceId: nic, publicAddress },
    privateAddress: `printf('172.31.%d.%d', n % 4 * 16, 10 + n % ${inVpc})`,
  })
  await copies('tags', `"resourceId" = '${original}' and key = 'Name'`, { resourceId: instance, value: `'web-' || n` })
  await copies('tags', `"resourceId" = '${original}' and key = 'team'`, {
    ...{ resourceId: instance, value: `'team-' || (n % ${Math.ceil(count / inTeam)})` },
  })
  await copies('strands', `subject = '${original}'`, { subject: instance })
  const volumes = await tx.db
    .selectFrom('attachments')
    .select('volumeId')
    .where('instanceId', '=', original as never)
    .orderBy('slot')
    .execute()
  const volumeSql = volumes.map((_, index) => idSql('vol', `(n * ${volumesEach} + ${index})`))
  for (const [index, { volumeId }] of volumes.entries()) {
    const id = volumeSql[index]!
    const attachment = `${id} || '@' || ${instance}`
    await copies('volumes', `id = '${volumeId}'`, {
      ...{ id, hostId: host, zone: `substr(it.zone, 1, length(it.zone) - 1) || ${zoneOf}` },
    })
    await copies('attachments', `"volumeId" = '${volumeId}'`, {
      ...{ id: attachment, volumeId: id, instanceId: instance, exclusive: id },
    })
    await copies('volumeFacts', `id = '${volumeId}'`, {
      ...{ id, hostId: host, domainsJson: `'["' || ${domain} || '"]'` },
    })
    await copies('strands', `subject = '${volumeId}'`, { subject: id })
    await copies('strands', `subject = '${volumeId}@${original}'`, { subject: attachment })
  }
  const plugged = volumeSql.map((id) => `json_object('volume', ${id}, 'sizeMiB', 1024)`)
  await copies('domainFacts', of('instances', 'id', is('id')).replace('select id', 'select "domainId"'), {
    ...{ id: domain, hostId: host, vifsJson: `json_array(${nic})`, pluggedJson: `json_array(${plugged.join()})` },
  })
  await tx.db
    .updateTable('sequences')
    .set({ value: count + 2_000_000 })
    .where('name', '=', 'domain')
    .execute()
}

async function copyTerminated(tx: Transaction, original: string, after: number): Promise<void> {
  const copies = copierOf(tx, terminated, '')
  const id = idSql('i', `(n + ${after})`)
  await copies('instances', `id = '${original}'`, { id, domainId: `'dom_' || (n + ${after + 1_000_000})` })
  await copies('strands', `subject = '${original}'`, { subject: id })
}

/** Copies the one row of a table that passes `where`, so many times, with other values in some columns: SQL in which `n` counts copies. */
function copierOf(tx: Transaction, count: number, places: string) {
  return async (table: keyof Database, where: string, changes: Readonly<Record<string, string>>) => {
    const { rows } = await sql<{ name: string }>`select name from pragma_table_info(${table})`.execute(tx.db)
    const columns = rows.map(({ name }) => `"${name}"`).join()
    const values = rows.map(({ name }) => changes[name] ?? `it."${name}"`).join()
    await sql`with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n + 1 < ${count})
      insert into ${sql.table(table)} (${sql.raw(columns)}) select ${sql.raw(values)}
      from numbers ${sql.raw(places)} cross join (select * from ${sql.table(table)} where ${sql.raw(where)}) it`.execute(
      tx.db,
    )
  }
}
