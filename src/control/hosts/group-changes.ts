/**
 * Changes of rules go down by themselves: a host with hundreds of guests has a spec of megabytes, and a rule is enforced
 * within milliseconds only if nobody makes, sends, keeps and reads all of that for it. What is sent leads exactly to what the
 * whole spec of that generation says. Where anything else changed since the host's last spec, the whole is sent.
 */
import { isDeepStrictEqual } from 'node:util'
import type { GroupSpec, GroupsChange, HostSpec } from '../../host-api/spec.ts'
import type { GroupId, HostId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { groupSpecs } from '../security-groups/group-specs.ts'

interface Sent {
  readonly generation: number
  readonly routers: readonly SentRouter[]
}

interface SentRouter {
  readonly vpc: VpcId
  /** The groups that vifs are in; `groups` has those that rules refer to besides. */
  readonly own: readonly GroupId[]
  readonly groups: readonly GroupSpec[]
}

export class GroupChanges {
  readonly #sent = new Map<HostId, Sent>()
  /** Generations in which nothing but rules changed. */
  readonly #rulesAlone = new Map<HostId, Set<number>>()

  /** Nothing but rules changed when the host got this generation. */
  note(host: HostId, generation: number): void {
    const known = this.#rulesAlone.get(host) ?? new Set()
    this.#rulesAlone.set(host, known.add(generation))
  }

  /** The host has been sent this. */
  remember({ host, generation, routers }: HostSpec): void {
    const own = (it: HostSpec['routers'][number]) => [...new Set(it.vifs.flatMap(({ groups }) => groups))]
    this.#keep(host, { generation, routers: routers.map((it) => ({ vpc: it.vpc, own: own(it), groups: it.groups })) })
  }

  /** What the host was sent is not known to have arrived. */
  forget(host: HostId): void {
    this.#sent.delete(host)
    this.#rulesAlone.delete(host)
  }

  /** What has to be sent so that the host has its newest generation; undefined where only the whole spec does that. */
  async changeFor(reader: Reader, host: HostId): Promise<GroupsChange | undefined> {
    const last = this.#sent.get(host)
    const row = await reader.db.selectFrom('hosts').select('generation').where('id', '=', host).executeTakeFirst()
    if (!(last && row && this.#leadsTo(host, last.generation, row.generation))) return undefined
    const { generation } = row
    const routers = []
    for (const it of last.routers) routers.push({ ...it, groups: await newer(reader, it) })
    this.#keep(host, { generation, routers })
    return {
      host,
      since: last.generation,
      generation,
      routers: routers.map(({ vpc, groups }, index) => {
        const before = new Set(last.routers[index]?.groups)
        return { vpc, groups: groups.map((it) => it.id), changed: groups.filter((it) => !before.has(it)) }
      }),
    }
  }

  #leadsTo(host: HostId, from: number, to: number): boolean {
    const known = this.#rulesAlone.get(host)
    if (!known || from >= to) return false
    for (let it = from + 1; it <= to; it++) if (!known.has(it)) return false
    return true
  }

  #keep(host: HostId, sent: Sent): void {
    this.#sent.set(host, sent)
    for (const it of this.#rulesAlone.get(host) ?? []) {
      if (it <= sent.generation) this.#rulesAlone.get(host)?.delete(it)
    }
  }
}

/** The router's groups now. Members are as they were: they are no rules. What is the same is the same object. */
async function newer(reader: Reader, { own, groups }: SentRouter): Promise<GroupSpec[]> {
  const before = new Map(groups.map((it) => [it.id, it]))
  const after = await groupSpecs(reader, own, new Map(groups.map((it) => [it.id, it.members])))
  return after.map((it) => {
    const old = before.get(it.id)
    return old && isDeepStrictEqual(old, it) ? old : it
  })
}
