/** Facts of hosts into rows, and a signal to each strand that they concern. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import { Fault } from '../../base/fault.ts'
import type { DomainFact, HostCapacity, HostFacts, HostProgress } from '../../host-api/facts.ts'
import type { DomainId, HostId, InstanceId } from '../../model/ids.ts'
import { prepared, putRow, rowWhere, updateRows } from '../../store/prepared.ts'
import type { Store, Transaction } from '../../store/store.ts'
import type { DomainFactRow } from '../../store/tables/resources.ts'
import { volumeNews, volumesWaiting } from './volume-facts.ts'

/** Told of each instance, volume, attachment or snapshot that the facts concern. */
export interface Intake {
  changed(tx: Transaction, subject: string): Promise<void>
}

/** Records that the hosts are there and what they offer; the ones that this cloud knows. */
export function greetHosts(
  store: Store,
  hosts: readonly { host: HostId; capacity: HostCapacity }[],
): Promise<HostId[]> {
  return store.transact(async (tx) => {
    const known: HostId[] = []
    for (const { host, capacity } of hosts) {
      const { memoryMiB, cores, diskGiB, accelerator } = capacity
      const row = await tx.db
        .updateTable('hosts')
        .set({ memoryMib: memoryMiB, cores, diskGib: diskGiB, accelerator, connected: 1, lost: 0 })
        .where('id', '=', host)
        .returning('id')
        .executeTakeFirst()
      if (row) known.push(row.id)
    }
    return known
  })
}

export function loseHosts(store: Store, hosts: readonly HostId[]): Promise<void> {
  return store.transact(async (tx) => {
    if (hosts.length > 0) await tx.db.updateTable('hosts').set({ connected: 0 }).where('id', 'in', hosts).execute()
  })
}

/** Records that these hosts are gone with all that ran there, and tells of each instance that was. */
export function mournHosts(store: Store, intake: Intake, hosts: readonly HostId[]): Promise<void> {
  return store.transact(async (tx) => {
    for (const host of hosts) {
      await tx.db.updateTable('hosts').set({ connected: 0, lost: 1 }).where('id', '=', host).execute()
      await tx.db.deleteFrom('domainFacts').where('hostId', '=', host).execute()
      const instances = await tx.db.selectFrom('instances').select('id').where('hostId', '=', host).execute()
      const attachments = await attachmentsOn(tx, host)
      await tx.db.deleteFrom('volumeFacts').where('hostId', '=', host).execute() // It serves nobody.
      for (const { id } of [...instances, ...attachments]) await intake.changed(tx, id)
    }
  })
}

/** The attachments of volumes that the host serves, and of those that were in what ran there. */
function attachmentsOn({ db }: Transaction, host: HostId): Promise<{ readonly id: string }[]> {
  return db
    .selectFrom('attachments')
    .innerJoin('volumes', 'volumes.id', 'attachments.volumeId')
    .innerJoin('instances', 'instances.id', 'attachments.instanceId')
    .select('attachments.id')
    .where((it) => it.or([it('volumes.hostId', '=', host), it('instances.hostId', '=', host)]))
    .execute()
}

/** What the rows were made to say last of a host. */
export interface Heard {
  readonly domains: ReadonlyMap<DomainId, DomainFactRow>
  /** A digest of what it said of volumes: of a hundred there is no need to keep all. */
  readonly volumes: string
}

/** What a host says, and what the rows were made to say of it before, where that is known. */
export interface News {
  readonly said: HostFacts | HostProgress
  readonly last?: Heard | undefined
}

/** Makes the rows say what hosts say, in one transaction, and tells of what is different. What the rows were made to say, in the same order. */
export async function takeNews(store: Store, intake: Intake, news: readonly News[]): Promise<Heard[]> {
  if (news.length === 0) return []
  const heard = news.map(({ said, last }) => ('domains' in said ? heardOf(said) : sameAs(last)))
  await store.transact(async (tx) => {
    const concerned = await makeRowsSay(
      tx,
      news.map((it, index) => ({ ...it, heard: heard[index]! })),
    )
    for (const id of concerned) await intake.changed(tx, id)
  })
  return heard
}

function sameAs(last: Heard | undefined): Heard {
  if (!last) throw new Fault('a host says that it found the same before it has said what')
  return last
}

function heardOf(facts: HostFacts): Heard {
  const volumes = createHash('sha256')
    .update(JSON.stringify(facts.volumes ?? null))
    .digest('base64')
  return { domains: rowsOf(facts), volumes }
}

/** Answers whom it concerns. */
async function makeRowsSay(
  tx: Transaction,
  news: readonly (News & { readonly heard: Heard })[],
): Promise<ReadonlySet<string>> {
  const concerned: string[] = []
  const newer: HostProgress[] = []
  for (const { said, heard, last } of news) {
    const { host, received, settled } = said
    const before = await rowWhere(tx, 'hosts', { id: host })
    if (!before) continue
    if (before.received !== received) newer.push(said)
    const troublesJson = JSON.stringify(said.troubles)
    await updateRows(tx, 'hosts', { id: host }, { received, settled, troublesJson })
    const changed =
      heard === last ? [] : await replaceDomains(tx, heard.domains, last?.domains ?? (await storedRows(tx, host)))
    const troubles = before.troublesJson === troublesJson ? [] : said.troubles.map((it) => it.subject)
    const domains = [...changed, ...troubles.filter((it): it is DomainId => /^dom_\d+$/.test(it))]
    concerned.push(...(await instancesOf(tx, domains)))
    const facts = 'domains' in said && last?.volumes !== heard.volumes ? said : undefined
    concerned.push(...(await volumeNews(tx, facts, { changed, troubles })))
  }
  if (newer.length > 0) concerned.push(...(await instancesWaiting(tx, newer)), ...(await volumesWaiting(tx, newer)))
  return new Set(concerned)
}

/** Answers which domains' rows are others now. */
async function replaceDomains(tx: Transaction, after: Heard['domains'], before: Heard['domains']): Promise<DomainId[]> {
  const gone = [...before.keys()].filter((it) => !after.has(it))
  const changed = [...after.values()].filter((row) => !isDeepStrictEqual(before.get(row.id), row))
  if (gone.length > 0) await tx.db.deleteFrom('domainFacts').where('id', 'in', gone).execute()
  for (const row of changed) await putRow(tx, 'domainFacts', 'id', row)
  return [...gone, ...changed.map((it) => it.id)]
}

async function storedRows({ db }: Transaction, host: HostId): Promise<Heard['domains']> {
  const rows = await db.selectFrom('domainFacts').selectAll().where('hostId', '=', host).execute()
  return new Map(rows.map((row) => [row.id, { ...row }]))
}

function rowsOf({ host, domains }: HostFacts): Heard['domains'] {
  return new Map(domains.map((fact) => [fact.id, rowOf(host, fact)]))
}

function rowOf(
  hostId: HostId,
  { id, state, cause, startedAt, reboots, heldReboot, vifs = [], plugged = [] }: DomainFact,
): DomainFactRow {
  return {
    id,
    hostId,
    state,
    cause: cause ?? null,
    startedAt: startedAt === undefined ? null : Date.parse(startedAt),
    reboots,
    heldReboot: heldReboot ?? null,
    vifsJson: JSON.stringify(vifs),
    pluggedJson: JSON.stringify(plugged),
  }
}

async function instancesOf(tx: Transaction, domains: readonly DomainId[]): Promise<InstanceId[]> {
  if (domains.length === 0) return []
  return (await withDomains(tx, domains)).map((row) => row.id)
}

const withDomains = prepared((db, domains: readonly DomainId[]) =>
  db.selectFrom('instances').select('id').where('domainId', 'in', domains),
)

/** Those whose newest wish their host has now received, and those that wait for an interface to leave. */
async function instancesWaiting(tx: Transaction, news: readonly HostProgress[]): Promise<InstanceId[]> {
  const received = new Map<HostId | null, number>(news.map((it) => [it.host, it.received]))
  const hosts = news.map((it) => it.host)
  const leaving = await tx.db
    .selectFrom('instances')
    .innerJoin('interfaces', 'interfaces.instanceId', 'instances.id')
    .select('instances.id')
    .where(sql`coalesce(instances."hostId", '')`, 'in', hosts) // Not by its index: few leave of many.
    .where('interfaces.attachmentState', '=', sql.lit('detaching')) // As its index has it.
    .execute()
  const ending = await tx.db
    .selectFrom('instances')
    .select(['id', 'hostId', 'wishedIn'])
    .where('hostId', 'in', hosts)
    .where('state', '=', 'shutting-down')
    .execute()
  return [...ending.filter((it) => it.wishedIn <= received.get(it.hostId)!), ...leaving].map((it) => it.id) // asked for these
}
