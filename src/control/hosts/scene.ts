import type { RuleSpec } from '../../host-api/spec.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { GroupId, HostId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { HostRow } from '../../store/tables/resources.ts'
import { readReverseNames } from '../dns/dns-spec.ts'
import { Guests } from './guests.ts'
import { type NetworkScene, readNetwork } from './network-scene.ts'
import { VolumeParts } from './volumes-spec.ts'

const columns = ['id', 'zone', 'underlayAddress', 'isEdge', 'generation'] as const

/** What specs go by of a host: where it is, and how new its spec is. */
export type SceneHost = Pick<HostRow, (typeof columns)[number]>

export function sceneHosts({ db }: Reader) {
  return db.selectFrom('hosts').select(columns)
}

/** Everything that specs are made of, as rows say it. */
export interface Scene {
  readonly cloud: Cloud
  readonly hosts: Map<HostId, SceneHost>
  readonly guests: Guests
  readonly volumes: VolumeParts
  /** Another object when anything in it is another. */
  readonly network: NetworkScene
  /** What reverse DNS says of public addresses whose owners chose a name. */
  readonly reverseNames: Readonly<Record<string, string>>
  /** Rules of groups, as far as they were asked for. */
  readonly rules: Map<GroupId, readonly RuleSpec[]>
}

/** All of it, from all rows, but what is read by host when it is asked for. */
export async function readScene(reader: Reader, cloud: Cloud): Promise<Scene> {
  const hosts = await sceneHosts(reader).execute()
  const guests = await Guests.read(reader)
  return {
    cloud,
    hosts: new Map(hosts.map((it) => [it.id, it])),
    guests,
    volumes: new VolumeParts(),
    network: await readNetwork(reader, guests),
    reverseNames: await readReverseNames(reader),
    rules: new Map(),
  }
}
