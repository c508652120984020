/** The regions of this cloud: each has rows and hosts of its own; accounts and objects are the first one's. */
import { refuse } from '../../model/errors.ts'
import type { Reader } from '../../store/store.ts'

export interface Region {
  readonly name: string
  /** Where its API is reached. */
  readonly endpoint: string
}

export interface Regions {
  /** All of them, this one too, by their names. */
  list(): Promise<readonly Region[]>
  /** Runs `work` on what the other region has committed, whether or not its control plane lives. Refuses one that there is not. */
  look<T>(region: string, work: (reader: Reader) => Promise<T>): Promise<T>
}

/** Source: EC2 API Reference, "Error codes", InvalidRegion. */
export function refuseRegion(name: string): never {
  return refuse('InvalidRegion', { message: `The region ${name} does not exist.` })
}
