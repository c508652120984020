/** Which guests have a way to the object store. Pure. */
import { isSix } from '../../base/ipv6.ts'
import { remembered } from '../../base/remembered.ts'
import type { ObjectsSpec, VifSpec } from '../../host-api/spec.ts'
import { objectsAddress } from '../../model/cloud.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { leadsInto } from '../instances/guest.ts'
import type { Way } from '../route-tables/targets.ts'
import { contains } from '../vpcs/blocks.ts'
import type { Scene } from './scene.ts'
import { natSpecs, usedTables } from './ways.ts'

/**
 * The store is outside of every VPC: a guest has a way to it by an endpoint, by an internet gateway if it has a public address,
 * or by a NAT gateway, whatever its subnet's table says first of the store's address.
 */
export function objectsOf(scene: Scene, vpc: VpcRow, vifs: readonly VifSpec[]): { objects?: ObjectsSpec } {
  if (!scene.network.objects || vifs.length === 0) return {}
  const tables = usedTables(scene, vpc.id)
  const nats = new Set(natSpecs(scene, vpc).map((it) => it.id))
  const ways = remembered(
    tables,
    'ways to objects',
    [],
    () => new Map(tables.flatMap((it) => it.subnets.map(({ id }) => [id, wayToObjects(it.ways)] as const))),
  )
  const leads = leadsInto(scene.guests, vpc.id)
  const outside = remembered(leads, 'interfaces', [], () => new Set(leads.map((it) => it.nic)))
  const mayGo = (vif: VifSpec): boolean => {
    const way = ways.get(vif.subnet)
    if (way?.kind === 'nat') return nats.has(way.nat.id)
    if (way?.kind === 'outside') return outside.has(vif.id)
    return way?.kind === 'endpoint'
  }
  const able = vifs.filter(mayGo).map((it) => it.id)
  return able.length > 0 ? { objects: { address: objectsAddress, vifs: able } } : {}
}

/** Of the longest prefix that the store's address is in. */
function wayToObjects(ways: readonly { readonly to: string; readonly way: Way }[]): Way | undefined {
  const lengthOf = (cidr: string) => Number(cidr.split('/')[1])
  const [best] = ways
    .filter((it) => !isSix(it.to) && contains(it.to, `${objectsAddress}/32`))
    .sort((a, b) => lengthOf(b.to) - lengthOf(a.to))
  return best?.way
}
