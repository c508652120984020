/** What `cumulet status` shows: asked over loopback, without a signature. */
import type { Route } from '../../http/routes.ts'
import type { Store } from '../../store/store.ts'

export interface Status {
  readonly pid: number
  readonly memoryMiB: number
  readonly hosts: readonly {
    readonly id: string
    readonly zone: string
    readonly connected: boolean
    readonly lost: boolean
    readonly settled: boolean
    readonly troubles: readonly string[]
  }[]
  readonly instances: Readonly<Record<string, number>>
  readonly images: readonly { readonly id: string; readonly name: string; readonly state: string }[]
  readonly domainsStarted: number
}

export const statusPath = '/cumulet/status'

export function statusRoute(store: Store): Route {
  return {
    method: 'GET',
    path: statusPath,
    handle: async () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(await readStatus(store)),
    }),
  }
}

function readStatus(store: Store): Promise<Status> {
  return store.read(async ({ db }) => {
    const hosts = await db.selectFrom('hosts').selectAll().orderBy('id').execute()
    const instances = await db
      .selectFrom('instances')
      .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
      .groupBy('state')
      .execute()
    const images = await db.selectFrom('images').select(['id', 'name', 'state']).orderBy('id').execute()
    const domains = await db.selectFrom('sequences').select('value').where('name', '=', 'domain').executeTakeFirst()
    return {
      pid: process.pid,
      memoryMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
      hosts: hosts.map(({ id, zone, connected, lost, settled, generation, troublesJson }) => ({
        id,
        zone,
        connected: connected === 1,
        lost: lost === 1,
        settled: settled === generation,
        troubles: (JSON.parse(troublesJson) as { subject: string; message: string }[]).map(
          (it) => `${it.subject}: ${it.message}`,
        ),
      })),
      instances: Object.fromEntries(instances.map(({ state, count }) => [state, count])),
      images,
      domainsStarted: domains?.value ?? 0,
    }
  })
}
