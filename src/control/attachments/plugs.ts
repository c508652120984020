/** What guests have plugged in, and what they shall call it; from the rows. */
import { dictionaryOf } from '../../base/dictionary.ts'
import type { PlugSpec } from '../../host-api/volumes.ts'
import type { InstanceId, VolumeId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'

export interface Plugged {
  readonly plugs: readonly PlugSpec[]
  /** Names that the guest shall know its volumes by, by the volumes' serial numbers. */
  readonly names: Readonly<Record<string, string>>
}

/** Of a guest without volumes. */
export const nothingPlugged: Plugged = { plugs: [], names: {} }

/** Of those of these instances that have volumes, in the order of their slots. */
export async function pluggedInto({ db }: Reader, ids: readonly InstanceId[]): Promise<Map<InstanceId, Plugged>> {
  const rows = await db
    .selectFrom('attachments')
    .innerJoin('volumes', 'volumes.id', 'attachments.volumeId')
    .leftJoin('volumeFacts', 'volumeFacts.id', 'attachments.volumeId')
    .select(['attachments.volumeId', 'attachments.instanceId', 'attachments.stage', 'attachments.slot'])
    .select(['attachments.device', 'volumes.hostId', 'volumes.sizeGib', 'volumeFacts.sizeMib'])
    .where('attachments.instanceId', 'in', ids)
    .orderBy('attachments.slot')
    .execute()
  return new Map(
    [...Map.groupBy(rows, (it) => it.instanceId)].map(([id, its]) => [
      id,
      {
        plugs: its.filter((it) => it.stage === 'plug').map(plugOf),
        names: dictionaryOf(its.map((it) => [serialOf(it.volumeId), it.device.replace(/^\/dev\//, '')])),
      },
    ]),
  )
}

/** Instances that have one of these volumes. */
export async function instancesWith({ db }: Reader, volumes: readonly VolumeId[]): Promise<InstanceId[]> {
  const found: InstanceId[] = []
  for (let first = 0; first < volumes.length; first += atOnce) {
    const some = volumes.slice(first, first + atOnce)
    const rows = await db.selectFrom('attachments').select('instanceId').where('volumeId', 'in', some).execute()
    for (const it of rows) found.push(it.instanceId)
  }
  return found
}

/** Volumes that are looked for with one question. */
const atOnce = 500

/** What is in a volume's serial number: twenty characters at most. Source: EBS User Guide, "Map Amazon EBS volumes to NVMe device names". */
function serialOf(id: VolumeId): string {
  return id.replace('-', '')
}

interface PlugRow {
  readonly volumeId: VolumeId
  readonly slot: number
  readonly hostId: PlugSpec['host']
  readonly sizeGib: number
  readonly sizeMib: number | null
}

function plugOf({ volumeId, slot, hostId, sizeGib, sizeMib }: PlugRow): PlugSpec {
  return { volume: volumeId, host: hostId, serial: serialOf(volumeId), slot, sizeMiB: sizeMib ?? sizeGib * 1024 }
}
