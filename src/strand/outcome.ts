/** How a step ends. */
export type Outcome<Name extends string = string, Payload = unknown> = Hop<Name, Payload> | Nap | Done

export interface Hop<Name extends string = string, Payload = unknown> {
  readonly kind: 'hop'
  readonly step: Name
  /** Absent: the payload stays as it is. */
  readonly payload?: Payload
}

export interface Nap {
  readonly kind: 'nap'
  readonly until: { readonly ms: number } | { readonly at: Date } | undefined
}

export interface Done {
  readonly kind: 'done'
}

/** Goes on at `step`, at once. Without `payload` the strand keeps the one it has. */
export function hop<const Name extends string>(step: Name): Hop<Name, never>
export function hop<const Name extends string, Payload>(step: Name, payload: Payload): Hop<Name, Payload>
export function hop(step: string, ...payload: [payload?: unknown]): Hop {
  return payload.length > 0 ? { kind: 'hop', step, payload: payload[0] } : { kind: 'hop', step }
}

/** Runs this step again after so many milliseconds, or at that moment, or never; and earlier when a signal comes. */
export function nap(until?: number | Date): Nap {
  if (until === undefined) return { kind: 'nap', until }
  return { kind: 'nap', until: typeof until === 'number' ? { ms: until } : { at: until } }
}

/** Ends the strand and forgets it, its signals and its deadlines. */
export function done(): Done {
  return { kind: 'done' }
}
