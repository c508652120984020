import type { EdgeNetworkSpec, EdgeSpec } from '../../../host-api/spec.ts'
import { edgeLinks, edgeRouterLinks, wire } from './edge-links.ts'
import { edgeRules } from './edge-rules.ts'
import { readKernelState } from './kernel-state.ts'
import { linkChanges } from './links.ts'
import { routerNamespace, vpcOfNamespace, wireName } from './names.ts'
import { ipBatch, listNamespaces, makeNamespace } from './namespace.ts'
import { removeNamespace } from './remove.ts'
import { makeRouter, type UnderlayPlace } from './router.ts'
import type { Rulebook } from './rulebook.ts'
import { together } from './turns.ts'

/** The edge of a cloud: a namespace that the outside reaches, with the underlay in it. */
export type EdgePlace = UnderlayPlace & { readonly namespace: string }

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
  await makeNamespace(namespace, abort)
  const make = () => ipBatch(namespace, wireLines(place.namespace, spec), abort)
  const { vni, mtu } = spec
  const links = edgeRouterLinks(spec, place.address)
  const rules = edgeRules(spec)
  await makeRouter(
    { namespace, underlay: place, vni, mtu, links, rules, wire: { name: 'outside', make } },
    rulebook,
    abort,
  )
}

/** A pair of virtual Ethernet devices, made in one step and at both ends at once. */
function wireLines(edge: string, { vpc, mtu }: EdgeNetworkSpec): string[] {
  const outer = `peer name ${wireName(vpc)} netns ${edge} address ${wire.outer.mac} mtu ${mtu}`
  return [`link add outside address ${wire.inner.mac} mtu ${mtu} type veth ${outer}`]
}

async function routeIntoNetworks(place: EdgePlace, specs: readonly EdgeNetworkSpec[], abort: AbortSignal) {
  const state = await readKernelState(place.namespace, abort)
  const ours = (dev: string) => /^v[0-9a-f]+$/.test(dev)
  const up = specs
    .map((it) => wireName(it.vpc))
    .filter((it) => !state.links.get(it)?.up)
    .map((it) => `link set dev ${it} up`)
  const changes = linkChanges(
    { ...state, addresses: [], neighbours: state.neighbours.filter((it) => ours(it.dev)) },
    { taps: [], addresses: [], ...edgeLinks(specs) },
  )
  await ipBatch(place.namespace, [...up, ...changes.ip], abort)
}

async function removeEdgeRouter(namespace: string, rulebook: Rulebook, abort: AbortSignal): Promise<void> {
  await removeNamespace(namespace, abort)
  await rulebook.forget(namespace)
}
