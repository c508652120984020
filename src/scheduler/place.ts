/** Which hosts get new domains: a pure function of what is free. */
import type { HostId } from '../model/ids.ts'

export interface Candidate {
  readonly host: HostId
  readonly zone: string
  readonly freeMemoryMiB: number
  readonly domains: number
}

export interface Demand {
  readonly memoryMiB: number
  readonly min: number
  readonly max: number
  /** Only this zone. */
  readonly zone?: string
}

/**
 * A host for each of as many domains as fit, at most `max`, all in one zone; nothing if fewer than `min` fit anywhere.
 * Takes the zone with most room, and in it spreads over hosts: the emptiest first.
 */
export function place(candidates: readonly Candidate[], demand: Demand): HostId[] | undefined {
  const zones = Map.groupBy(candidates, (it) => it.zone)
  const answers = [...zones]
    .filter(([zone]) => demand.zone === undefined || demand.zone === zone)
    .map(([, hosts]) => ({ room: roomOf(hosts), hosts: fill(hosts, demand) }))
    .filter((it) => it.hosts.length >= demand.min)
    .sort((a, b) => b.hosts.length - a.hosts.length || b.room - a.room)
  return answers[0]?.hosts
}

function roomOf(hosts: readonly Candidate[]): number {
  return hosts.reduce((sum, it) => sum + it.freeMemoryMiB, 0)
}

function fill(hosts: readonly Candidate[], { memoryMiB, max }: Demand): HostId[] {
  const free = hosts.map((it) => ({ ...it }))
  const chosen: HostId[] = []
  while (chosen.length < max) {
    const best = free
      .filter((it) => it.freeMemoryMiB >= memoryMiB)
      .sort((a, b) => b.freeMemoryMiB - a.freeMemoryMiB || a.domains - b.domains || (a.host < b.host ? -1 : 1))[0]
    if (!best) break
    best.freeMemoryMiB -= memoryMiB
    best.domains += 1
    chosen.push(best.host)
  }
  return chosen
}
