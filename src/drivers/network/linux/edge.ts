import { isDeepStrictEqual } from 'node:util'
import { isSix } from '../../../base/ipv6.ts'
import type { EdgeNetworkSpec, EdgeSpec } from '../../../host-api/spec.ts'
import { edgeLinks, edgeRouterLinks, wire } from './edge-links.ts'
import { edgeRules } from './edge-rules.ts'
import { readKernelState } from './kernel-state.ts'
import { linkChanges, type Wanted } from './links.ts'
import { natWireName, routerNamespace, vpcOfNamespace, wireName } from './names.ts'
import { ipBatch, listNamespaces, makeNamespace } from './namespace.ts'
import { removeNamespace } from './remove.ts'
import { makeRouter, type UnderlayPlace, type Wire } from './router.ts'
import { changeLinksOf } from './router-change.ts'
import type { Rulebook } from './rulebook.ts'
import { together } from './turns.ts'

/** The edge of a cloud: a namespace that the outside reaches, with the underlay in it. */
export type EdgePlace = UnderlayPlace & { readonly namespace: string }

/** As `makeEdge`, where this process made `before` and both have the same routers with the same wires: `haveSameWires`. */
export async function changeEdge(
  cloud: string,
  place: EdgePlace,
  { before, spec }: { before: EdgeSpec; spec: EdgeSpec },
  rulebook: Rulebook,
  abort: AbortSignal,
): Promise<void> {
  const old = new Map(before.networks.map((it) => [it.vpc, it]))
  await together(
    ...spec.networks.map(async (it) => {
      const last = old.get(it.vpc)
      if (!last || last === it) return
      const namespace = routerNamespace(cloud, 'edge', it.vpc)
      await rulebook.change(namespace, edgeRules(it), abort)
      const [had, wanted] = [edgeRouterLinks(last, place.address), edgeRouterLinks(it, place.address)]
      await changeLinksOf(namespace, { before: had, after: wanted }, abort)
    }),
  )
  const routes = { before: routesIn(before.networks), after: routesIn(spec.networks) }
  await changeLinksOf(place.namespace, routes, abort)
}

export function haveSameWires(before: EdgeSpec, spec: EdgeSpec): boolean {
  const wires = ({ networks }: EdgeSpec) =>
    networks.map(({ vpc, vni, mtu, nats, cidrs }) => ({
      ...{ vpc, vni, mtu, six: cidrs.some(isSix) },
      nats: nats.map((it) => it.id),
    }))
  return isDeepStrictEqual(wires(before), wires(spec))
}

function routesIn(specs: readonly EdgeNetworkSpec[]): Wanted {
  return { taps: [], addresses: [], rules: [], ...edgeLinks(specs) }
}

/** Makes the edge be exactly `spec`: a router for each VPC, and a route in the edge for each public address. */
export async function makeEdge(
  cloud: string,
  place: EdgePlace,
  spec: EdgeSpec,
  rulebook: Rulebook,
  abort: AbortSignal,
): Promise<void> {
  const wanted = new Set<string>(spec.networks.map((it) => it.vpc))
  const surplus = (await listNamespaces()).filter((it) => {
    const vpc = vpcOfNamespace(cloud, 'edge', it)
    return vpc !== undefined && !wanted.has(vpc)
  })
  await together(
    ...surplus.map((it) => removeEdgeRouter(it, rulebook, abort)),
    ...spec.networks.map((it) => makeEdgeRouter(cloud, place, it, rulebook, abort)),
  )
  await routeIntoNetworks(place, spec.networks, abort)
}

async function makeEdgeRouter(
  cloud: string,
  place: EdgePlace,
  spec: EdgeNetworkSpec,
  rulebook: Rulebook,
  abort: AbortSignal,
) {
  const namespace = routerNamespace(cloud, 'edge', spec.vpc)
  makeNamespace(namespace)
  const plug = (name: string, peer: string): Wire => ({
    name,
    make: () => ipBatch(namespace, [wireLine(name, place.namespace, peer, spec.mtu)], abort),
  })
  const nats = spec.nats.map((it) => plug(natWireName(it.id), wireName(it.id)))
  const { vni, mtu } = spec
  const links = edgeRouterLinks(spec, place.address)
  const rules = edgeRules(spec)
  await makeRouter(
    {
      namespace,
      underlay: place,
      vni,
      mtu,
      six: spec.cidrs.some(isSix),
      links,
      rules,
      wires: [plug('outside', wireName(spec.vpc)), ...nats],
    },
    rulebook,
    abort,
  )
}

/** A pair of virtual Ethernet devices, made in one step and at both ends at once. */
function wireLine(inner: string, edge: string, outer: string, mtu: number): string {
  const other = `peer name ${outer} netns ${edge} address ${wire.outer.mac} mtu ${mtu}`
  return `link add ${inner} address ${wire.inner.mac} mtu ${mtu} type veth ${other}`
}

async function routeIntoNetworks(place: EdgePlace, specs: readonly EdgeNetworkSpec[], abort: AbortSignal) {
  const state = readKernelState(place.namespace)
  const ours = (dev: string) => /^vn?[0-9a-f]+$/.test(dev)
  const up = specs
    .flatMap((it) => [wireName(it.vpc), ...it.nats.map((nat) => wireName(nat.id))])
    .filter((it) => !state.links.get(it)?.up)
    .map((it) => `link set dev ${it} up`)
  const changes = linkChanges(
    { ...state, addresses: [], rules: [], neighbours: state.neighbours.filter((it) => ours(it.dev)) },
    routesIn(specs),
  )
  await ipBatch(place.namespace, [...up, ...changes.ip], abort)
}

async function removeEdgeRouter(namespace: string, rulebook: Rulebook, abort: AbortSignal): Promise<void> {
  await removeNamespace(namespace, abort)
  await rulebook.forget(namespace)
}
