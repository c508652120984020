/**
 * What each host shall be, from the rows: the one place where EC2's resources become domains, disks, vifs and rules.
 * The same rows give the same spec.
 */

import { remembered } from '../../base/remembered.ts'
import type { DomainSpec, HostSpec, RouterSpec } from '../../host-api/spec.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { HostId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { outsideDnsSpec } from '../dns/dns-spec.ts'
import type { Guest } from '../instances/guest.ts'
import { domainSpec } from './domain-spec.ts'
import { edgeNetworks } from './edge-spec.ts'
import { routerSpec } from './router-spec.ts'
import { readScene, type Scene, type SceneHost } from './scene.ts'
import { wiresFrom } from './ways.ts'

/** The specs of these hosts, in one consistent view of the rows. */
export type SpecSource = (reader: Reader, hosts: readonly HostId[]) => Promise<HostSpec[]>

/** Reads all rows each time. */
export function specsFrom(cloud: Cloud): SpecSource {
  return async (reader, hosts) => deriveSpecs(reader, await readScene(reader, cloud), hosts)
}

export async function deriveSpecs(reader: Reader, scene: Scene, hosts: readonly HostId[]): Promise<HostSpec[]> {
  await scene.volumes.prepare(reader, hosts, (id) => scene.guests.get(id)?.instance.domainId)
  const specs: HostSpec[] = []
  for (const id of hosts) {
    const host = scene.hosts.get(id)
    if (host) specs.push(await hostSpec(reader, scene, host))
  }
  return specs
}

async function hostSpec(reader: Reader, scene: Scene, host: SceneHost): Promise<HostSpec> {
  const guests = scene.guests.at(host.id)
  const vpcIds = remembered(
    guests,
    'vpcs',
    [],
    () => new Set(guests.flatMap((it) => it.interfaces.map((nic) => nic.vpcId))),
  )
  const routers: RouterSpec[] = []
  const wires = wiresFrom(scene, vpcIds)
  const { vpcs } = scene.network
  const rows = remembered(vpcs, 'by id', [], () => new Map(vpcs.map((it) => [it.id, it])))
  for (const id of [...new Set([...vpcIds, ...wires.keys()])].sort()) {
    const vpc = rows.get(id)
    if (vpc) routers.push(await routerSpec(reader, scene, { host, vpc, wires: wires.get(id) ?? [] }))
  }
  const volumes = scene.volumes.of(host.id)
  return {
    host: host.id,
    generation: host.generation,
    domains: remembered(guests, `domains ${host.id}`, [], () => guests.map((it) => domainOf(scene, it))),
    routers,
    ...(volumes && { volumes }),
    ...(host.isEdge === 1 && { edge: { networks: await edgeNetworks(reader, scene), dns: outsideDnsSpec(scene) } }),
  }
}

function domainOf({ cloud }: Scene, guest: Guest): DomainSpec {
  return remembered(guest, 'domain', [], () => domainSpec(cloud, guest, guest.plugged.plugs))
}
