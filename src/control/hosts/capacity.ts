import type { Cloud } from '../../model/cloud.ts'
import { type InstanceType, scaled } from '../../model/instance-types.ts'
import type { Reader } from '../../store/store.ts'
import { candidates, overheadMiB } from './candidates.ts'

/** How many instances of a type fit into a zone: on empty hosts, and now. */
export interface Room {
  readonly zone: string
  readonly max: number
  readonly available: number
}

/** Tells the room that each zone with a connected host has for a type. */
export async function roomIn(reader: Reader, cloud: Cloud): Promise<(type: InstanceType) => readonly Room[]> {
  const hosts = await candidates(reader)
  const zones = Map.groupBy(hosts, (it) => it.zone)
  return (type) => {
    const need = scaled(type, cloud.scale).memoryMiB
    return [...zones].map(([zone, same]) => ({
      zone,
      max: sum(same.map((it) => Math.floor(it.memoryMiB / (need + overheadMiB)))),
      available: sum(same.map((it) => Math.max(0, Math.floor(it.freeMemoryMiB / (need + overheadMiB))))),
    }))
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0)
}
