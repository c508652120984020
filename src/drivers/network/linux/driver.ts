import type { Server } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { Fault } from '../../../base/fault.ts'
import { isSix } from '../../../base/ipv6.ts'
import type { VifDrops } from '../../../host-api/drops.ts'
import type { EdgeSpec, RouterSpec } from '../../../host-api/spec.ts'
import type { HostId, InterfaceId, VpcId } from '../../../model/ids.ts'
import { isId } from '../../../model/ids.ts'
import { Heirs } from '../../heirs.ts'
import type { BoundSockets, NetworkDriver, RouterStatus, TapPoint } from '../driver.ts'
import { bindIn } from './bind.ts'
import { checkEdge, checkRouter } from './check.ts'
import { changeDhcp, endDhcp, serveDhcp } from './dhcp.ts'
import { readDrops } from './drops.ts'
import { changeEdge, type EdgePlace, haveSameWires, makeEdge } from './edge.ts'
import { fetchTap } from './fetch-tap.ts'
import { type Link, readKernelState } from './kernel-state.ts'
import type { Wanted } from './links.ts'
import { listenIn } from './listen.ts'
import {
  checkCloudName,
  checkHostName,
  peerWireName,
  routerNamespace,
  stateDirectory,
  tapName,
  vpcOfNamespace,
} from './names.ts'
import { listNamespaces, makeNamespace, namespaceExists } from './namespace.ts'
import { makePeerWire } from './peer-wire.ts'
import { removeNamespace } from './remove.ts'
import { makeRouter, type UnderlayPlace, type Wire } from './router.ts'
import { changeLinksOf } from './router-change.ts'
import { routerLinks } from './router-links.ts'
import { routerRules } from './router-rules.ts'
import { Rulebook } from './rulebook.ts'
import { Turns, together } from './turns.ts'

export interface LinuxNetworkOptions {
  /** Begins the names of all namespaces; lower-case letters and digits, at most ten. */
  readonly cloud: string
  readonly host: HostId
  readonly underlay: UnderlayPlace
  /** Where the edge is, if this host is it. */
  readonly edge?: EdgePlace
  /** Absent: there are none. */
  readonly heirs?: Heirs
}

/**
 * Routers of namespaces, taps, VXLAN, nftables and dnsmasq. Everything it makes has a name that follows from an id, and
 * what exists is read from the kernel: a new driver goes on where the old one ended, or died.
 */
export class LinuxNetwork implements NetworkDriver {
  readonly #options: LinuxNetworkOptions
  readonly #directory: string
  readonly #rulebook: Rulebook
  readonly #heirs: Heirs
  readonly #turns = new Turns()
  /** What each router was last made to be, wholly and by this process. */
  readonly #programmed = new Map<VpcId, RouterSpec>()
  #edge: EdgeSpec | undefined

  constructor(options: LinuxNetworkOptions) {
    checkCloudName(options.cloud)
    checkHostName(options.host)
    this.#options = options
    this.#directory = stateDirectory(options.cloud, options.host)
    this.#rulebook = new Rulebook(this.#directory)
    this.#heirs = options.heirs ?? new Heirs()
  }

  async program(spec: RouterSpec, abort: AbortSignal, pluggable = () => {}): Promise<void> {
    checkRouter(spec, this.#programmed.get(spec.vpc))
    await this.#turns.run(spec.vpc, async () => {
      abort.throwIfAborted()
      const before = this.#programmed.get(spec.vpc)
      this.#programmed.delete(spec.vpc)
      if (before && canFollow(before, spec)) await this.#makeDifference(before, spec, { abort, pluggable })
      else await this.#makeAll(spec, { abort, pluggable })
      this.#programmed.set(spec.vpc, spec)
    })
  }

  /**
   * From what this process made, in the order in which all is made: rules are in force before anything is up that they hold for. Whatever
   * else went missing meanwhile is found when the same is programmed again.
   */
  async #makeDifference(before: RouterSpec, spec: RouterSpec, { abort, pluggable }: Programming): Promise<void> {
    const namespace = this.#namespace(spec.vpc)
    await this.#rulebook.change(namespace, routerRules(spec), abort)
    if (differInRulesAlone(before, spec)) return pluggable()
    const links = { before: this.#linksOf(before), after: this.#linksOf(spec), fetched: this.#fetchTaps(spec) }
    await together(
      changeLinksOf(namespace, links, abort).then(pluggable),
      changeDhcp(namespace, { before, spec }, this.#dhcpDirectory(spec.vpc), abort),
    )
  }

  async #makeAll(spec: RouterSpec, { abort, pluggable }: Programming): Promise<void> {
    const { underlay } = this.#options
    const namespace = this.#namespace(spec.vpc)
    const { vni, mtu } = spec
    const links = this.#linksOf(spec)
    const rules = routerRules(spec)
    makeNamespace(namespace)
    this.#fetchTaps(spec)
    await together(
      makeRouter(
        { namespace, underlay, vni, mtu, six: spec.cidrs.some(isSix), links, rules, wires: this.#wires(spec) },
        this.#rulebook,
        abort,
      ).then(pluggable),
      serveDhcp(namespace, spec, this.#dhcpDirectory(spec.vpc), abort),
    )
  }

  async remove(vpc: VpcId, abort: AbortSignal): Promise<void> {
    await this.#turns.run(vpc, async () => {
      abort.throwIfAborted()
      this.#programmed.delete(vpc)
      await endDhcp(this.#dhcpDirectory(vpc))
      await removeNamespace(this.#namespace(vpc), abort)
      await this.#rulebook.forget(this.#namespace(vpc))
    })
  }

  async programEdge(spec: EdgeSpec, abort: AbortSignal): Promise<void> {
    const { cloud, host, edge } = this.#options
    if (!edge) throw new Fault(`host ${host} is not the edge`)
    checkEdge(spec)
    await this.#turns.run('edge', async () => {
      abort.throwIfAborted()
      const before = this.#edge
      this.#edge = undefined
      if (before && haveSameWires(before, spec) && !isDeepStrictEqual(before, spec))
        await changeEdge(cloud, edge, { before, spec }, this.#rulebook, abort)
      else await makeEdge(cloud, edge, spec, this.#rulebook, abort)
      this.#edge = spec
    })
  }

  async list(abort: AbortSignal): Promise<RouterStatus[]> {
    return await this.#ofEach(abort, (namespace, vpc) => [{ vpc, vifs: vifsIn(namespace) }])
  }

  async drops(abort: AbortSignal): Promise<VifDrops[]> {
    return await this.#ofEach(abort, readDrops)
  }

  tapOf(vpc: VpcId, vif: InterfaceId): TapPoint {
    return { namespace: this.#namespace(vpc), tap: tapName(vif) }
  }

  async listen(vpc: VpcId, address: string, port: number, abort: AbortSignal): Promise<Server> {
    return await listenIn(this.#namespace(vpc), address, port, abort)
  }

  async bind(vpc: VpcId, addresses: readonly string[], port: number, abort: AbortSignal): Promise<BoundSockets> {
    return await bindIn(this.#namespace(vpc), addresses, port, abort)
  }

  /** Nothing is held but what is still to be written down: what exists goes on without us. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rulebook[Symbol.asyncDispose]()
  }

  /** What `read` finds in every router that there is. */
  async #ofEach<T>(abort: AbortSignal, read: (namespace: string, vpc: VpcId) => T[]): Promise<T[]> {
    const { cloud, host } = this.#options
    const found = (await listNamespaces()).map((it) => [it, vpcOfNamespace(cloud, host, it)] as const)
    const reading = found.map(([namespace, vpc]) =>
      vpc
        ? this.#turns.run(vpc, async () => {
            abort.throwIfAborted()
            return namespaceExists(namespace) ? read(namespace, vpc) : []
          })
        : [],
    )
    return (await together(...reading)).flat()
  }

  /** Both routers of a wire may be programmed at once: who comes second finds it. */
  #wires({ vpc, wires }: RouterSpec): Wire[] {
    return wires.map(({ id, to }) => ({
      name: peerWireName(id),
      make: (abort) =>
        this.#turns.run(id, () => makePeerWire(id, { here: vpc, there: to }, (it) => this.#namespace(it), abort)),
    }))
  }

  #linksOf(spec: RouterSpec): Wanted {
    return routerLinks(spec, this.#options.underlay.address, this.#heirs)
  }

  #fetchTaps({ vpc, vifs }: RouterSpec): Link[] {
    return vifs.flatMap(({ id, domain }) => {
      const from = this.#heirs.tapFor(domain, id)
      return (from && fetchTap(from, this.tapOf(vpc, id), this.#heirs.userOf(domain))) ?? []
    })
  }

  #namespace(vpc: VpcId): string {
    return routerNamespace(this.#options.cloud, this.#options.host, vpc)
  }

  #dhcpDirectory(vpc: VpcId): string {
    return `${this.#directory}/${vpc}`
  }
}

interface Programming {
  readonly abort: AbortSignal
  pluggable(): void
}

/** Whether both have the same devices, but for taps, and know IPv6 or do not. The same once more is asked for to make good what went missing. */
function canFollow(before: RouterSpec, spec: RouterSpec): boolean {
  const devices = ({ vni, mtu, wires, cidrs }: RouterSpec) => ({ vni, mtu, wires, six: cidrs.some(isSix) })
  return isDeepStrictEqual(devices(before), devices(spec)) && !isDeepStrictEqual(before, spec)
}

/** Told by which objects are the same: what differs by a change shares the rest with what was before it. */
function differInRulesAlone(before: RouterSpec, spec: RouterSpec): boolean {
  const { groups, acls, ...rest } = spec
  const { groups: _, acls: __, ...restBefore } = before
  const keys = new Set(Object.keys({ ...rest, ...restBefore })) as Set<keyof typeof rest>
  return [...keys].every((key) => restBefore[key] === rest[key])
}

/** Taps bear the id of their vif as their alias. */
function vifsIn(namespace: string): InterfaceId[] {
  const { links } = readKernelState(namespace)
  return [...links.values()].map((it) => it.alias).filter((it) => isId('network-interface', it))
}
