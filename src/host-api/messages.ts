/** The stream between an agent and the control plane: one JSON object a line, opened by the agent. */
import type { DomainId, HostId } from '../model/ids.ts'
import type { HostCapacity, HostFacts, HostProgress } from './facts.ts'
import type { DomainSpec, HostSpec, SpecChange } from './spec.ts'

export const protocolVersion = 5

export type FromAgent =
  | {
      readonly type: 'hello'
      readonly version: number
      readonly hosts: readonly { readonly host: HostId; readonly capacity: HostCapacity }[]
      /** Hosts that this agent had and that are gone, with all that ran there. */
      readonly lost?: readonly HostId[]
    }
  | { readonly type: 'facts'; readonly facts: HostFacts }
  /** What it found is what it said last on this stream: a launch concerns a hundred hosts, of which one finds something else. */
  | { readonly type: 'progress'; readonly progress: HostProgress }
  | { readonly type: 'answer'; readonly to: number; readonly ok: true; readonly value: string }
  | { readonly type: 'answer'; readonly to: number; readonly ok: false; readonly message: string }

export type ToAgent =
  | { readonly type: 'spec'; readonly spec: HostSpec }
  /** Follows what was sent last on this stream. */
  | { readonly type: 'change'; readonly change: SpecChange }
  /** What guests sent in vain: VifDrops of every vif, as JSON. Counted always, told only when somebody asks. */
  | { readonly type: 'drops'; readonly id: number; readonly host: HostId }
  /** The console's last 64 KiB, BASE64. */
  | { readonly type: 'console'; readonly id: number; readonly host: HostId; readonly domain: DomainId }
  /**
   * `made` once a machine is parked that domains like this one wake from, which may take minutes, or `there`. All hosts of an agent
   * share what is parked.
   */
  | { readonly type: 'warm'; readonly id: number; readonly host: HostId; readonly like: DomainSpec }
