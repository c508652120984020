/**
 * What specs are made of, kept in memory: with each change only the rows are read that were written since. Which those are the database says
 * itself, so no change can forget to. What is kept is what `readScene` would read: rows are the truth, and after a failure all are read anew.
 */
import type { Cloud } from '../../model/cloud.ts'
import {
  type GroupId,
  type HostId,
  type InstanceId,
  type InterfaceId,
  isId,
  type SnapshotId,
  type VolumeId,
} from '../../model/ids.ts'
import type { Reader, Store, Watch, Watched, Written } from '../../store/store.ts'
import { instancesWith } from '../attachments/plugs.ts'
import { readReverseNames } from '../dns/dns-spec.ts'
import { deriveSpecs, type SpecSource } from './host-spec.ts'
import { readNetwork } from './network-scene.ts'
import { readScene, type Scene, type SceneHost, sceneHosts } from './scene.ts'

/** Parts of guests, by whose they are. */
const ofInstances = [
  'instances.id',
  'interfaces.instanceId',
  'instanceBoots.instanceId',
  'resourceNames.instanceId',
  'tags.resourceId',
  'attachments.instanceId',
] as const satisfies Watched[]
const ofInterfaces = [
  'interfaces.id',
  'interfaceGroups.interfaceId',
  'addresses.interfaceId',
  'secondaryAddresses.interfaceId',
  'ipv6Addresses.interfaceId',
] as const satisfies Watched[]
/** Few rows, and seldom written: all are read again. */
const ofNetworks = [
  'vpcs.id',
  'subnets.id',
  'vpcBlocks.id',
  'vpcIpv6Blocks.id',
  'subnetIpv6Blocks.id',
  'routeTables.id',
  'routes.routeTableId',
  'routeTableAssociations.id',
  'dhcpOptions.id',
  'internetGateways.id',
  'egressOnlyGateways.id',
  'natGateways.id',
  'vpcEndpoints.id',
  'peerings.id',
  'networkAcls.id',
  'networkAclEntries.aclId',
  'networkAclAssociations.id',
] as const satisfies Watched[]
const ofVolumes = ['volumes.id', 'attachments.volumeId'] as const satisfies Watched[]
/** What guests know of their volumes, beside the attachments. */
const ofPlugs = ['volumes.id', 'volumeFacts.id'] as const satisfies Watched[]
const ofImages = ['images.id', 'bundledImages.imageId'] as const satisfies Watched[]
const ofLists = ['prefixLists.id', 'prefixListVersions.prefixListId'] as const satisfies Watched[]

/** By every table that a scene is read of. */
export const watched: readonly Watched[] = [
  ...ofInstances,
  ...ofInterfaces,
  ...ofNetworks,
  ...ofVolumes,
  ...ofPlugs,
  ...ofLists,
  ...ofImages,
  ...(['hosts.id', 'snapshots.id', 'securityGroups.id', 'securityGroupRules.groupId', 'addresses.id'] as const),
]

/** Specs from a scene that is kept. One for a store: closed with it. */
export function keptSpecs(store: Store, cloud: Cloud): SpecSource {
  const kept = new KeptScene(store, cloud)
  return (reader, hosts) => kept.use(reader, (scene) => deriveSpecs(reader, scene, hosts))
}

class KeptScene {
  readonly #cloud: Cloud
  readonly #watch: Watch
  #scene: Scene | undefined

  constructor(store: Store, cloud: Cloud) {
    this.#cloud = cloud
    this.#watch = store.watch(watched)
  }

  /** To be called by a `read` before it awaits anything; one at a time. */
  async use<T>(reader: Reader, derive: (scene: Scene) => Promise<T>): Promise<T> {
    const written = this.#watch.take()
    const before = this.#scene
    this.#scene = undefined // Half of a change would be worse than nothing.
    const scene = before ? await refreshed(reader, before, written) : await readScene(reader, this.#cloud)
    const derived = await derive(scene)
    this.#scene = scene
    return derived
  }
}

async function refreshed(reader: Reader, before: Scene, written: Written): Promise<Scene> {
  const isWritten = (columns: readonly Watched[]) => columns.some((it) => written.has(it))
  const { guests, hosts, rules, volumes } = before
  const idsOf = <T extends string>(columns: readonly Watched[]) =>
    columns.flatMap((it) => [...(written.get(it) ?? [])]) as T[]
  const plugged = await instancesWith(reader, idsOf<VolumeId>(ofPlugs))
  await guests.refresh(reader, [...new Set([...guestsConcerned(before, written), ...plugged])])
  await volumes.forget(reader, idsOf<VolumeId>(ofVolumes), idsOf<SnapshotId>(['snapshots.id']))
  const isElsewhere = await refreshHosts(reader, hosts, (written.get('hosts.id') ?? new Set()) as ReadonlySet<HostId>)
  if (isWritten(ofLists)) rules.clear()
  for (const it of written.get('securityGroupRules.groupId') ?? []) rules.delete(it as GroupId)
  return {
    ...before,
    ...((isElsewhere || isWritten([...ofNetworks, ...ofLists])) && { network: await readNetwork(reader, guests) }),
    ...(isWritten(['addresses.id']) && { reverseNames: await readReverseNames(reader, before.reverseNames) }),
  }
}

/** Instances that are to be read again, whether they are guests now or not. */
function guestsConcerned({ guests }: Scene, written: Written): InstanceId[] {
  const ids = new Set<InstanceId>()
  for (const column of ofInstances) for (const it of written.get(column) ?? []) if (isId('instance', it)) ids.add(it)
  for (const column of ofInterfaces) {
    for (const it of written.get(column) ?? []) {
      const guest = guests.with(it as InterfaceId)
      if (guest) ids.add(guest.instance.id)
    }
  }
  for (const group of written.get('securityGroups.id') ?? [])
    for (const it of guests.at(group as GroupId)) ids.add(it.instance.id)
  const images = new Set(ofImages.flatMap((it) => [...(written.get(it) ?? [])]))
  if (images.size > 0) for (const it of guests) if (images.has(it.image.id)) ids.add(it.instance.id)
  return [...ids]
}

/** Reads these hosts again. Whether others have to know something else of one. */
async function refreshHosts(reader: Reader, hosts: Scene['hosts'], written: ReadonlySet<HostId>): Promise<boolean> {
  const ids = [...written]
  if (ids.length === 0) return false
  const rows = await sceneHosts(reader).where('id', 'in', ids).execute()
  const after = new Map(rows.map((it) => [it.id, it]))
  const isElsewhere = ids.some((id) => !isSamePlace(after.get(id), hosts.get(id)))
  for (const id of ids) hosts.delete(id)
  for (const row of rows) hosts.set(row.id, row)
  return isElsewhere
}

/** Whether what others know of it is the same. */
function isSamePlace(host: SceneHost | undefined, before: SceneHost | undefined): boolean {
  return host?.underlayAddress === before?.underlayAddress && host?.isEdge === before?.isEdge
}
