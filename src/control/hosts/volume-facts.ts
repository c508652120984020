/** What hosts say of volumes and snapshots into rows; answers the strands that it concerns. */
import { isDeepStrictEqual } from 'node:util'
import type { HostFacts, HostProgress } from '../../host-api/facts.ts'
import type { DomainId, HostId, VolumeId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Transaction } from '../../store/store.ts'
import type { SnapshotFactRow, VolumeFactRow } from '../../store/tables/volumes.ts'

export interface OtherNews {
  /** Domains that are different. */
  readonly changed: readonly DomainId[]
  /** What has new troubles. */
  readonly troubles: readonly string[]
}

/** Takes what a host says of volumes, if that is not what it said before; whose strands it concerns. */
export async function volumeNews(
  tx: Transaction,
  facts: HostFacts | undefined,
  { changed, troubles }: OtherNews,
): Promise<string[]> {
  return [
    ...(facts ? await takeVolumeFacts(tx, facts) : []),
    ...(await attachmentsOfDomains(tx, changed)),
    ...troubles.filter((it) => /^(?:vol|snap)-/.test(it)),
  ]
}

/** Makes the rows say what `facts` say. The volumes and snapshots that are different, with the attachments of those. */
async function takeVolumeFacts(tx: Transaction, { host, volumes: told }: HostFacts): Promise<string[]> {
  const { volumes, snapshots } = told ?? { volumes: [], snapshots: [] }
  const changed = [
    ...(await replace(
      tx,
      'volumeFacts',
      host,
      volumes.map(
        (it): VolumeFactRow => ({
          id: it.id,
          hostId: host,
          state: it.state,
          sizeMib: it.sizeMiB,
          domainsJson: JSON.stringify(it.domains),
          frozenJson: JSON.stringify(it.frozen),
          limitsJson: it.limits ? JSON.stringify(it.limits) : null,
          message: it.message ?? null,
        }),
      ),
    )),
    ...(await replace(
      tx,
      'snapshotFacts',
      host,
      snapshots.map(
        (it): SnapshotFactRow => ({
          id: it.id,
          hostId: host,
          state: it.state,
          progress: it.progress,
          bytes: it.bytes ?? null,
          message: it.message ?? null,
        }),
      ),
    )),
  ]
  if (changed.length === 0) return []
  const concerned = await tx.db
    .selectFrom('attachments')
    .select(['id', 'instanceId'])
    .where('volumeId', 'in', changed as VolumeId[])
    .execute()
  return [...changed, ...concerned.flatMap((it) => [it.id, it.instanceId])]
}

/** The attachments of the instances that have these domains, and their volumes whose new size the domains are to see. */
async function attachmentsOfDomains(tx: Transaction, domains: readonly DomainId[]): Promise<string[]> {
  if (domains.length === 0) return []
  const rows = await attachmentRows(tx, domains)
  return rows.flatMap((it) => (it.state === 'optimizing' ? [it.id, it.volumeId] : [it.id]))
}

const attachmentRows = prepared((db, domains: readonly DomainId[]) =>
  db
    .selectFrom('attachments')
    .innerJoin('instances', 'instances.id', 'attachments.instanceId')
    .leftJoin('volumeModifications', 'volumeModifications.volumeId', 'attachments.volumeId')
    .select(['attachments.id', 'attachments.volumeId', 'volumeModifications.state'])
    .where('instances.domainId', 'in', domains),
)

/** Those of whose wish these hosts may just have heard. */
export async function volumesWaiting(tx: Transaction, news: readonly HostProgress[]): Promise<string[]> {
  const hosts = news.map((it) => it.host)
  const newest = Math.max(...news.map((it) => it.received))
  const waiting = (table: 'volumes' | 'snapshots') =>
    tx.db.selectFrom(table).select('id').where('hostId', 'in', hosts).where('state', '=', 'deleting').execute()
  const attachments = await tx.db
    .selectFrom('attachments')
    .select('id')
    .where('state', '=', 'detaching')
    .where('wishedIn', '<=', newest)
    .execute()
  return [...(await waiting('volumes')), ...(await waiting('snapshots')), ...attachments].map((it) => it.id)
}

async function replace(
  tx: Transaction,
  table: 'volumeFacts' | 'snapshotFacts',
  host: HostId,
  after: readonly (VolumeFactRow | SnapshotFactRow)[],
): Promise<string[]> {
  const rows = await tx.db.selectFrom(table).selectAll().where('hostId', '=', host).execute()
  const before = new Map<string, object>(rows.map((row) => [row.id, { ...row }]))
  const ids = new Set<string>(after.map((it) => it.id))
  const gone = rows.map((it) => it.id).filter((id) => !ids.has(id))
  const changed = after.filter((it) => !isDeepStrictEqual(before.get(it.id), it))
  if (gone.length > 0)
    await tx.db
      .deleteFrom(table)
      .where('id', 'in', gone as never[])
      .execute()
  for (const row of changed) {
    const { id: _, ...rest } = row
    await tx.db
      .insertInto(table)
      .values(row as never)
      .onConflict((it) => it.column('id').doUpdateSet(rest as never))
      .execute()
  }
  return [...gone, ...changed.map((it) => it.id)]
}
