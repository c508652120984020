import type { VolumeId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { troubleOf } from '../hosts/heard.ts'

/** A host that has tried so often in vain to serve a volume is not just about to. */
const serveAttempts = 5

/**
 * Why volumes cannot be used: their files are torn or missing, they could not be made, or whoever has one attached waits for a server
 * that does not start.
 */
export async function impairedVolumes(reader: Reader): Promise<ReadonlyMap<VolumeId, string>> {
  const rows = await reader.db
    .selectFrom('volumes')
    .innerJoin('hosts', 'hosts.id', 'volumes.hostId')
    .leftJoin('volumeFacts', 'volumeFacts.id', 'volumes.id')
    .select(['volumes.id', 'volumes.state', 'volumeFacts.message', 'volumeFacts.domainsJson', 'hosts.troublesJson'])
    .where((it) => it.or([it('volumes.state', '=', 'error'), it('hosts.troublesJson', '!=', '[]')]))
    .execute()
  const wanted = await ofMachines(reader)
  const found = new Map<VolumeId, string>()
  for (const { id, state, message, domainsJson, ...host } of rows) {
    const trouble = troubleOf(host, id)
    const waits = wanted.has(id) && domainsJson === '[]' && (trouble?.attempts ?? 0) >= serveAttempts
    if (state === 'error' || waits) found.set(id, withoutPaths(message ?? trouble?.message ?? 'it cannot be used'))
  }
  return found
}

/** Those that machines have, or are to have. */
async function ofMachines({ db }: Reader): Promise<ReadonlySet<VolumeId>> {
  const rows = await db
    .selectFrom('attachments')
    .innerJoin('instances', 'instances.id', 'attachments.instanceId')
    .select('attachments.volumeId')
    .where('instances.hostId', 'is not', null)
    .execute()
  return new Set(rows.map((it) => it.volumeId))
}

/** Where files are on its host is nobody's affair who has a volume. */
function withoutPaths(message: string): string {
  return message.replaceAll(/\/[^\s'"]*\//g, '')
}
