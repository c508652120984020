import type { Cloud } from '../../model/cloud.ts'
import type { HostId, InstanceId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { HostRow, SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import { type AddressesOf, addressesOf } from '../addresses/of-interfaces.ts'
import { readReverseNames } from '../dns/dns-spec.ts'
import { namedByResource } from '../dns/resource-names.ts'
import { bootChoices } from '../images/boot.ts'
import { groupsOf } from '../instances/find.ts'
import type { Guest } from '../instances/guest.ts'
import { tagsOf } from '../tags/tags.ts'
import { type NetworkScene, readNetwork } from './network-scene.ts'
import { readVolumeScene, type VolumeScene } from './volumes-spec.ts'

/** Everything that specs are made of, read once for all hosts asked for. */
export interface Scene {
  readonly cloud: Cloud
  readonly hosts: ReadonlyMap<HostId, HostRow>
  readonly guests: readonly Guest[]
  readonly volumes: VolumeScene
  readonly vpcs: readonly VpcRow[]
  readonly subnets: readonly SubnetRow[]
  readonly network: NetworkScene
  readonly addressesOf: AddressesOf
  /** Instances whose ids are names. */
  readonly namedByResource: ReadonlySet<InstanceId>
  /** What reverse DNS says of public addresses whose owners chose a name. */
  readonly reverseNames: Readonly<Record<string, string>>
  readonly groupsOf: ReadonlyMap<string, readonly { readonly id: `sg-${string}`; readonly name: string }[]>
}

export async function readScene(reader: Reader, cloud: Cloud): Promise<Scene> {
  const { db } = reader
  const hosts = await db.selectFrom('hosts').selectAll().execute()
  const instances = await db
    .selectFrom('instances')
    .selectAll()
    .where('hostId', 'is not', null)
    .where('power', '!=', 'gone')
    .orderBy('id')
    .execute()
  const images = await db.selectFrom('images').selectAll().execute()
  const vpcs = await db.selectFrom('vpcs').selectAll().orderBy('id').execute()
  const subnets = await db.selectFrom('subnets').selectAll().orderBy('id').execute()
  const interfaces = await db
    .selectFrom('interfaces')
    .selectAll()
    .where('instanceId', 'is not', null)
    .orderBy('deviceIndex')
    .execute()
  const nics = Map.groupBy(interfaces, (it) => it.instanceId as InstanceId) // not null: filtered
  const tags = await tagsOf(
    reader,
    instances.map((it) => it.id),
  )
  const boots = await bootChoices(reader)
  const imageById = new Map(images.map((it) => [it.id, it]))
  return {
    cloud,
    hosts: new Map(hosts.map((it) => [it.id, it])),
    guests: instances.flatMap((instance) => {
      const image = imageById.get(instance.imageId)
      return image
        ? [
            {
              instance,
              image,
              boot: boots.get(instance.id),
              interfaces: nics.get(instance.id) ?? [],
              tags: tags.get(instance.id) ?? {},
            },
          ]
        : []
    }),
    volumes: await readVolumeScene(reader),
    vpcs,
    subnets,
    network: await readNetwork(reader, vpcs),
    addressesOf: await addressesOf(reader, interfaces),
    namedByResource: await namedByResource(reader),
    reverseNames: await readReverseNames(reader),
    groupsOf: await groupsOf(
      reader,
      interfaces.map((it) => it.id),
    ),
  }
}
