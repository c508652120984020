/** Ties the dispatcher to the store: contexts for calls, remembered answers, tags of what a call creates. */
import { deserialize, serialize } from 'node:v8'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { ManifestReader } from '../control/images/bundle-images.ts'
import type { Regions } from '../control/regions/regions.ts'
import { checkTags, putTags, type Tags } from '../control/tags/tags.ts'
import type { Caller } from '../iam/credentials.ts'
import type { Cloud } from '../model/cloud.ts'
import { refuse } from '../model/errors.ts'
import type { InstanceId, ResourceId, ResourceKind } from '../model/ids.ts'
import type { Ground, TagSpecification, TagWriter, TokenMemory } from '../query/dispatch.ts'
import { insertRow, prepared, rowWhere } from '../store/prepared.ts'
import { rollback, type Store } from '../store/store.ts'
import type { Context, Hosts, Outside, View } from './action.ts'
import type { KeptAnswers } from './kept-answers.ts'

/** What the actions of this cloud work with. */
export interface World {
  readonly store: Store
  readonly answers: KeptAnswers
  readonly cloud: Cloud
  readonly hosts: Hosts
  readonly manifests: ManifestReader
  readonly regions: Regions
  hasUefi(): Promise<boolean>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** How long a client token is remembered. Guess: EC2 says "at least 24 hours" of several actions. */
const tokenLifeMs = 48 * 60 * 60_000

/** The ground under a call. `launched` becomes the instances that it launches. */
export function groundFor(world: World, caller: Caller, launched: InstanceId[] = []): Ground<Context, View> {
  return {
    transact: async (keep, work) => {
      let since = 0
      const answer = await world.store.transact(async (tx) => {
        launched.length = 0
        const tagged = new TagsOfCall()
        const context: Context = {
          tx,
          caller,
          now: world.clock.now(),
          cloud: world.cloud,
          random: world.random,
          hosts: world.hosts,
          tag: (kind, id) => tagged.put(context, kind, id),
          launched: (ids) => void launched.push(...ids),
        }
        tagsOfCalls.set(context, tagged)
        const answer = await work(context)
        since = world.clock.now().getTime()
        return keep ? answer : rollback(answer)
      })
      if (!keep) launched.length = 0
      if (launched.length > 0) world.log.debug({ stage: 'commit', traces: launched, since }, 'a launch is on disk')
      return answer
    },
    read: (work) => world.store.read((tx) => work({ tx, caller, now: world.clock.now(), cloud: world.cloud })),
    answers: {
      get: (key) => world.answers.get(`${caller.account} ${key}`),
      read: (key, work) =>
        world.answers.read(`${caller.account} ${key}`, (tx) =>
          work({ tx, caller, now: world.clock.now(), cloud: world.cloud }),
        ),
    },
    outside: { ...world, caller } satisfies Outside,
    tokens,
    tags,
  }
}

/** The tags that one call has for each kind of resource it creates. */
class TagsOfCall {
  readonly #byKind = new Map<ResourceKind, Tags>()

  prepare(kind: ResourceKind, tags: Tags): void {
    if (this.#byKind.has(kind))
      refuse('InvalidParameterValue', { message: `The resource type '${kind}' is specified more than once.` })
    this.#byKind.set(kind, tags)
  }

  async put<K extends ResourceKind>({ tx, caller }: Context, kind: K, id: ResourceId<K>): Promise<void> {
    await putTags(tx, { account: caller.account, id, kind }, this.#byKind.get(kind) ?? {})
  }
}

const tagsOfCalls = new WeakMap<Context, TagsOfCall>()

const tags: TagWriter<Context> = {
  prepare(context, specifications, creates) {
    for (const { ResourceType, Tags: list } of specifications) {
      const kind = kindIn(creates, ResourceType)
      tagsOfCalls.get(context)?.prepare(kind, checkTags(list ?? []))
    }
  },
}

function kindIn(creates: readonly ResourceKind[], name: TagSpecification['ResourceType']): ResourceKind {
  if (!name) refuse('MissingParameter', { message: 'Tag specification resource type must have a value' })
  return (
    creates.find((it) => it === name) ??
    refuse('InvalidParameterValue', { message: `'${name}' is not a valid taggable resource type for this operation.` })
  )
}

const tokens: TokenMemory<Context> = {
  async find({ tx, caller }, operation, token) {
    const row = await rowWhere(tx, 'clientTokens', { accountId: caller.account, operation, token })
    return row && { digest: row.digest, output: deserialize(Buffer.from(row.output, 'base64')) as unknown }
  },
  async keep({ tx, caller, now }, operation, token, { digest, output }) {
    await forgetTokens(tx, now.getTime() - tokenLifeMs)
    await insertRow(tx, 'clientTokens', {
      accountId: caller.account,
      operation,
      token,
      digest,
      output: serialize(output).toString('base64'),
      createdAt: now.getTime(),
    })
  },
}

const forgetTokens = prepared((db, before: number) => db.deleteFrom('clientTokens').where('createdAt', '<', before))
