/**
 * What an operator's monitoring reads, in the text format of Prometheus: asked over loopback, without a signature. Counters
 * of packets live in the kernel of each host and are read when somebody asks; a host that is away is left out, and said to be.
 * Source: Prometheus documentation, "Exposition formats".
 */
import { Retry } from '../../base/fault.ts'
import type { HostLinks } from '../../control/hosts/links.ts'
import type { VifDrops } from '../../host-api/drops.ts'
import type { Route } from '../../http/routes.ts'
import type { Store } from '../../store/store.ts'

export const metricsPath = '/cumulet/metrics'

export function metricsRoute(store: Store, hosts: Pick<HostLinks, 'drops'>): Route {
  return {
    method: 'GET',
    path: metricsPath,
    handle: async (_head, _body, abort) => ({
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: await readMetrics(store, hosts, abort),
    }),
  }
}

export async function readMetrics(store: Store, hosts: Pick<HostLinks, 'drops'>, abort: AbortSignal): Promise<string> {
  const { ids, owners } = await store.read(readOwners)
  const cache = await store.read(readCache)
  const answers = await Promise.all(
    ids.map(async (host) => ({ host, drops: await hosts.drops(host, abort).catch(unlessAway) })),
  )
  const up = answers.map(({ host, drops }) => sample('cumulet_host_up', { host }, drops ? 1 : 0))
  const dropped = answers.flatMap(({ host, drops = [] }) =>
    drops.map((it) => sample(droppedName, { host, ...labels(it, owners) }, it.packets)),
  )
  return [
    '# HELP cumulet_host_up Whether the agent of the host answers.',
    '# TYPE cumulet_host_up gauge',
    ...up,
    `# HELP ${droppedName} Packets that a guest sent in vain, by why they were dropped.`,
    `# TYPE ${droppedName} counter`,
    ...dropped,
    ...cacheLines(cache),
    '',
  ].join('\n')
}

/** Images out of bundles, by whether their files are here. */
async function readCache({ db }: Parameters<Parameters<Store['read']>[0]>[0]) {
  const rows = db.selectFrom('bundledImages').select(['presence', 'bytes']).where('manifest', '!=', '')
  return rows.execute()
}

function cacheLines(rows: Awaited<ReturnType<typeof readCache>>): string[] {
  const presences = ['here', 'coming', 'leaving', 'away'] as const
  const of = (presence: string) => rows.filter((it) => it.presence === presence)
  return [
    '# HELP cumulet_image_cache_images Images out of bundles, by whether their files are here.',
    '# TYPE cumulet_image_cache_images gauge',
    ...presences.map((presence) => sample('cumulet_image_cache_images', { presence }, of(presence).length)),
    '# HELP cumulet_image_cache_bytes What their files are as large as.',
    '# TYPE cumulet_image_cache_bytes gauge',
    ...presences.map((presence) =>
      sample(
        'cumulet_image_cache_bytes',
        { presence },
        of(presence).reduce((sum, it) => sum + it.bytes, 0),
      ),
    ),
  ]
}

function unlessAway(error: unknown): undefined {
  if (!(error instanceof Retry)) throw error
}

const droppedName = 'cumulet_interface_dropped_packets_total'

async function readOwners({ db }: Parameters<Parameters<Store['read']>[0]>[0]) {
  const rows = await db.selectFrom('hosts').select('id').orderBy('id').execute()
  const interfaces = await db.selectFrom('interfaces').select(['id', 'instanceId', 'accountId']).execute()
  return { ids: rows.map((it) => it.id), owners: new Map(interfaces.map((it) => [it.id, it])) }
}

type Owners = Awaited<ReturnType<typeof readOwners>>['owners']

function labels({ vpc, vif, reason }: VifDrops, owners: Owners): Record<string, string> {
  const { instanceId, accountId } = owners.get(vif) ?? {}
  return { interface: vif, instance: instanceId ?? '', account: accountId ?? '', vpc, reason }
}

/** Values of labels are ids and names of ours: nothing in them has to be escaped. */
function sample(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`)
  return `${name}{${pairs.join(',')}} ${value}`
}
