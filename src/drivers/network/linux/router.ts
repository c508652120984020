import type { Namespace } from '../../../base/network-namespace.ts'
import type { KernelState } from './kernel-state.ts'
import { readKernelState } from './kernel-state.ts'
import { linkChanges, type Wanted } from './links.ts'
import { isWire, overlayMac } from './names.ts'
import { ipBatch, setSysctls } from './namespace.ts'
import { removeWire } from './remove.ts'
import type { Rulebook } from './rulebook.ts'
import type { Ruleset } from './ruleset.ts'
import { routerSysctls, routerSysctls6 } from './sysctls.ts'

/** Where the underlay is: a namespace of the box, or the machine itself (`undefined`), and its own address there. */
export interface UnderlayPlace {
  readonly namespace: Namespace
  readonly address: string
}

/** Everything that makes a namespace a router, on a host or at the edge. */
export interface Router {
  readonly namespace: string
  readonly underlay: UnderlayPlace
  readonly vni: number
  readonly mtu: number
  /** It has to know IPv6. */
  readonly six: boolean
  readonly rules: Ruleset
  readonly links: Wanted
  /** Made between the overlay and everything that has to do with links. */
  readonly wires: readonly Wire[]
}

/** An end of a pair of virtual Ethernet devices. `make` runs only where `name` is missing. */
export interface Wire {
  readonly name: string
  make(abort: AbortSignal): Promise<void>
}

/**
 * Makes the router's namespace, which exists, be as described. Its rules are in force before anything is up that they hold for; `lo` goes
 * up after the sysctls and so vouches for them.
 */
export async function makeRouter(router: Router, rulebook: Rulebook, abort: AbortSignal): Promise<void> {
  const { namespace, wires } = router
  const state = readKernelState(namespace)
  await rulebook.load(namespace, router.rules, abort)
  if (!state.links.get('lo')?.up) setSysctls(namespace, routerSysctls)
  if (router.six && !state.six) setSysctls(namespace, routerSysctls6)
  const kept = await removeWires(router, await makeOverlay(router, state, abort), abort)
  for (const it of wires) if (!kept.links.has(it.name)) await it.make(abort)
  await changeLinks(namespace, kept, router, abort)
}

/** Removes wires that nobody wants here. Says what is left of `state`. */
async function removeWires({ namespace, wires }: Router, state: KernelState, abort: AbortSignal): Promise<KernelState> {
  const doomed = [...state.links.keys()].filter((it) => isWire(it) && !wires.some(({ name }) => name === it))
  if (doomed.length === 0) return state
  for (const it of doomed) await removeWire(namespace, it, abort)
  return readKernelState(namespace)
}

async function changeLinks(namespace: string, state: KernelState, router: Router, abort: AbortSignal) {
  const changes = linkChanges(state, router.links)
  const up = ['lo', 'overlay', ...router.wires.map((it) => it.name)]
    .filter((it) => !state.links.get(it)?.up)
    .map((it) => `link set dev ${it} up`)
  await ipBatch(namespace, changes.prepare, abort)
  await ipBatch(namespace, [...up, ...changes.ip], abort)
  await ipBatch(namespace, changes.ip6, abort, 6)
  await ipBatch(namespace, changes.finish, abort)
}

/**
 * The VXLAN device: made from the underlay's namespace, where its packets travel, into the router's. It learns nothing and
 * floods nothing. Says what is left of `state`: a device that is not right takes its routes and neighbours with it.
 */
async function makeOverlay(router: Router, state: KernelState, abort: AbortSignal): Promise<KernelState> {
  const { namespace, underlay, vni, mtu } = router
  const link = state.links.get('overlay')
  const right = link?.vxlan?.vni === vni && link.vxlan.local === underlay.address && link.mtu === mtu
  if (right) return state
  if (link) await ipBatch(namespace, ['link del dev overlay'], abort)
  const kind = `type vxlan id ${vni} local ${underlay.address} dstport 4789 nolearning`
  const line = `link add overlay netns ${namespace} address ${overlayMac(underlay.address)} mtu ${mtu} ${kind}`
  await ipBatch(underlay.namespace, [line], abort)
  return link ? readKernelState(namespace) : state
}
