/** How the actions of EC2 are written: typed by the official model, run with a `Context`. */
import type { Random } from '../base/random.ts'
import type { ManifestReader } from '../control/images/bundle-images.ts'
import type { Regions } from '../control/regions/regions.ts'
import type { Caller } from '../iam/credentials.ts'
import type { Cloud } from '../model/cloud.ts'
import type { DomainId, HostId, InstanceId, ResourceId, ResourceKind, SnapshotId } from '../model/ids.ts'
import type { Action, Describe, Later } from '../query/action.ts'
import type { Input, OperationName, Output } from '../query/types.ts'
import type { Reader, Transaction } from '../store/store.ts'

/** What a Describe sees. */
export interface View {
  readonly tx: Reader
  readonly caller: Caller
  readonly now: Date
  readonly cloud: Cloud
}

/** What can be asked of hosts while a caller waits. */
export interface Hosts {
  /** What the domain last wrote to its console. Throws `Retry` while its host is away. */
  console(host: HostId, domain: DomainId, abort: AbortSignal): Promise<Buffer>
  /** Resolves once what is written to their volumes is no longer in these snapshots. */
  frozen(ids: readonly SnapshotId[], abort: AbortSignal): Promise<void>
}

/** What an action works with. */
export interface Context extends View {
  readonly tx: Transaction
  readonly random: Random
  readonly hosts: Hosts
  /** Gives the new resource the tags that the request has for its kind. */
  tag<K extends ResourceKind>(kind: K, id: ResourceId<K>): Promise<void>
  /** Says which instances begin with this call. */
  launched(ids: readonly InstanceId[]): void
}

/** What an action can ask before its transaction. */
export interface Outside {
  readonly caller: Caller
  readonly cloud: Cloud
  readonly manifests: ManifestReader
  readonly regions: Regions
  /** Whether guests can be started by UEFI. */
  hasUefi(): Promise<boolean>
}

interface ActionDefinition<N extends OperationName, P> {
  readonly creates?: readonly ResourceKind[]
  prepare?(input: Input<N>, abort: AbortSignal, outside: Outside): Promise<P>
  run(input: Input<N>, context: Context, prepared: P): Promise<Output<N> | Later<Context, Output<N>>>
  replay?(output: Output<N>, context: Context): Promise<Output<N>>
}

export function action<N extends OperationName, P = undefined>(
  name: N,
  definition: ActionDefinition<N, P>,
): Action<Context, Input<N>, Output<N>, P> {
  const { prepare } = definition
  return {
    ...{ kind: 'action', name, creates: definition.creates ?? [], ...definition },
    ...(prepare && { prepare: given(prepare) }),
  }
}

type DescribeDefinition<N extends OperationName, Row, Item, P> = Omit<
  Describe<View, Input<N>, Row, Item, Output<N>, P>,
  'kind' | 'name' | 'prepare'
> & { prepare?(input: Input<N>, abort: AbortSignal, outside: Outside): Promise<P> }

export function describe<N extends OperationName, Row, Item, P = undefined>(
  name: N,
  definition: DescribeDefinition<N, Row, Item, P>,
): Describe<View, Input<N>, Row, Item, Output<N>, P> {
  const { prepare, ...rest } = definition
  return { kind: 'describe', name, ...rest, ...(prepare && { prepare: given(prepare) }) }
}

/** What the dispatcher hands on is the ground's, see there. */
function given<I, P>(prepare: (input: I, abort: AbortSignal, outside: Outside) => Promise<P>) {
  return (input: I, abort: AbortSignal, outside: unknown) => prepare(input, abort, outside as Outside)
}
