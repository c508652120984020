/**
 * What to do next on a host: a pure function of what is wanted, what was found and what is under way. Each step names
 * its subject; steps of different subjects may run at once, and when one ends the plan is made again. Carrying out the
 * plan until it is empty leaves exactly what was wanted.
 */
import { isDeepStrictEqual } from 'node:util'
import type { DomainStatus } from '../drivers/hypervisor/driver.ts'
import type { DomainSpec, EdgeSpec, HostSpec, RouterSpec } from '../host-api/spec.ts'
import type { VolumesFact } from '../host-api/volumes.ts'
import type { DomainId, InterfaceId, SnapshotId, VolumeId, VpcId } from '../model/ids.ts'
import { type PlugStep, type PlugSubject, planPlugs, planVolumes, type VolumeStep } from './plan-volumes.ts'

export interface Found {
  readonly domains: ReadonlyMap<DomainId, DomainStatus>
  /** Domains that have disks here. */
  readonly disks: ReadonlySet<DomainId>
  /** Each router there is, with the spec that it was last programmed with, if this process did it. */
  readonly routers: ReadonlyMap<VpcId, RouterSpec | undefined>
  readonly edge: EdgeSpec | undefined
  readonly volumes: VolumesFact
  /** When this process last pressed a domain's power button. Milliseconds since the epoch. */
  readonly pressed: ReadonlyMap<DomainId, number>
}

/** A guest that still boots does not hear the button: it is pressed again. */
const pressAgainMs = 2_000

export type Subject = DomainId | VpcId | VolumeId | SnapshotId | PlugSubject | 'edge'

type DomainVif = DomainSpec['vifs'][number]

export type Step =
  | PlugStep
  | VolumeStep
  | { readonly do: 'program-router'; readonly subject: VpcId; readonly spec: RouterSpec }
  | { readonly do: 'remove-router'; readonly subject: VpcId }
  | { readonly do: 'program-edge'; readonly subject: 'edge'; readonly spec: EdgeSpec }
  | { readonly do: 'provide-disks'; readonly subject: DomainId; readonly spec: DomainSpec }
  | { readonly do: 'boot'; readonly subject: DomainId; readonly spec: DomainSpec; readonly vpcs: readonly VpcId[] }
  | { readonly do: 'plug'; readonly subject: DomainId; readonly vif: DomainVif; readonly vpc: VpcId }
  | { readonly do: 'unplug'; readonly subject: DomainId; readonly vif: InterfaceId }
  | { readonly do: 'press-button'; readonly subject: DomainId }
  | { readonly do: 'reboot'; readonly subject: DomainId; readonly count: number; readonly graceMs: number }
  | { readonly do: 'hold-reboot'; readonly subject: DomainId; readonly count: number; readonly graceMs: number }
  | { readonly do: 'kill'; readonly subject: DomainId }
  | { readonly do: 'forget'; readonly subject: DomainId }
  | { readonly do: 'release-disks'; readonly subject: DomainId }

export interface Plan {
  readonly steps: readonly Step[]
  /** When to plan again though nothing happened: the end of a grace period. Milliseconds since the epoch. */
  readonly wakeAt?: number
}

/** The steps that can be taken now, at most one for each subject. */
export function plan(wanted: HostSpec, found: Found, nowMs: number): Plan {
  const steps: Step[] = [...planRouters(wanted, found), ...planEdge(wanted, found)]
  let wakeAt: number | undefined
  for (const spec of wanted.domains) {
    const next = planDomain(spec, wanted, found, nowMs)
    if (typeof next === 'number') wakeAt = Math.min(wakeAt ?? next, next)
    else if (next) steps.push(next)
    steps.push(...planPlugs(spec, found.domains.get(spec.id)))
  }
  steps.push(...planVolumes(wanted.volumes, found.volumes))
  steps.push(...planRemovals(wanted, found))
  return { steps, ...(wakeAt !== undefined && { wakeAt }) }
}

function planRouters(wanted: HostSpec, found: Found): Step[] {
  return wanted.routers
    .filter((spec) => !isDeepStrictEqual(found.routers.get(spec.vpc), spec))
    .map((spec) => ({ do: 'program-router', subject: spec.vpc, spec }))
}

function planEdge(wanted: HostSpec, found: Found): Step[] {
  if (!wanted.edge || isDeepStrictEqual(wanted.edge, found.edge)) return []
  return [{ do: 'program-edge', subject: 'edge', spec: wanted.edge }]
}

/** The domain's next step, or when it may have one, or nothing. Its disks are made while its router is. */
function planDomain(spec: DomainSpec, wanted: HostSpec, found: Found, nowMs: number): Step | number | undefined {
  const status = found.domains.get(spec.id)
  if (!status) {
    if (spec.power === 'off' || spec.begun) return undefined
    if (!found.disks.has(spec.id)) return { do: 'provide-disks', subject: spec.id, spec }
    const vpcs = spec.vifs.flatMap((it) => routerUnder(it, wanted, found) ?? [])
    return vpcs.length === spec.vifs.length ? { do: 'boot', subject: spec.id, spec, vpcs } : undefined
  }
  if (status.state !== 'running') return undefined
  if (spec.power === 'off') return planShutdown(spec, status, found.pressed.get(spec.id), nowMs)
  if (status.reboots < spec.reboots) {
    const common = { subject: spec.id, graceMs: spec.graceMs }
    const { holdReboot: hold = 0 } = spec
    if (status.reboots >= hold) return { do: 'reboot', ...common, count: spec.reboots }
    return status.heldReboot === hold ? undefined : { do: 'hold-reboot', ...common, count: hold }
  }
  return planVifs(spec, status, wanted, found)
}

/** Vifs come once their tap is there, and go before it. One that its guest does not let go of keeps no other from coming. */
function planVifs(spec: DomainSpec, { vifs }: DomainStatus, wanted: HostSpec, found: Found): Step | undefined {
  for (const vif of spec.vifs.filter((it) => !vifs.includes(it.id))) {
    const vpc = routerUnder(vif, wanted, found)
    if (vpc) return { do: 'plug', subject: spec.id, vif, vpc }
  }
  const surplus = vifs.find((id) => !spec.vifs.some((it) => it.id === id))
  return surplus && { do: 'unplug', subject: spec.id, vif: surplus }
}

function planShutdown(
  spec: DomainSpec,
  status: DomainStatus,
  pressed: number | undefined,
  nowMs: number,
): Step | number {
  if (spec.graceMs === 0) return { do: 'kill', subject: spec.id }
  const press: Step = { do: 'press-button', subject: spec.id }
  if (!status.buttonPressedAt) return press
  const end = Date.parse(status.buttonPressedAt) + spec.graceMs
  if (end <= nowMs) return { do: 'kill', subject: spec.id }
  const again = (pressed ?? 0) + pressAgainMs
  return again <= nowMs ? press : Math.min(again, end)
}

/** A domain goes before its disks, and all that nobody wants before the router it hung on. */
function planRemovals(wanted: HostSpec, found: Found): Step[] {
  const domains = new Set(wanted.domains.map((it) => it.id))
  const routers = new Set(wanted.routers.map((it) => it.vpc))
  const leaving = [...found.domains.keys()].filter((id) => !domains.has(id))
  const orphaned = [...found.disks].filter((id) => !domains.has(id) && !found.domains.has(id))
  const idle = leaving.length === 0 ? [...found.routers.keys()].filter((vpc) => !routers.has(vpc)) : []
  return [
    ...leaving.map((subject): Step => ({ do: 'forget', subject })),
    ...orphaned.map((subject): Step => ({ do: 'release-disks', subject })),
    ...idle.map((subject): Step => ({ do: 'remove-router', subject })),
  ]
}

/** The router that the vif shall hang on, if it has been programmed with it. */
function routerUnder({ id }: DomainVif, wanted: HostSpec, found: Found): VpcId | undefined {
  const has = (router: RouterSpec | undefined) => router?.vifs.some((vif) => vif.id === id) ?? false
  const vpc = wanted.routers.find(has)?.vpc
  return vpc !== undefined && has(found.routers.get(vpc)) ? vpc : undefined
}
