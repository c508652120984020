/** The tree that the dots in the names of a request's parameters make: `Filter.1.Value.2`. */
import { refuse } from '../model/errors.ts'

/** One place in the tree. */
export interface Slot {
  /** The value, if a parameter ends here. */
  text: string | undefined
  children: Map<string, Slot> | undefined
  /** What leads here: the first `end` characters of `name`. */
  readonly name: string
  readonly end: number
  readonly decoder: Decoder
}

/** Knows what may stand under a name, and makes a value of what was found there. */
export interface Decoder {
  /** What decodes the next part of a name; undefined where the model has nothing of that name. */
  child(part: string): Decoder | undefined
  read(slot: Slot): unknown
}

/** Guess: EC2's own limit is not documented; 1,000 resources with 50 tags each in one call is beyond what clients send. */
export const mostParameters = 10_000

/**
 * Plants all parameters but those that `skip` names. Refuses names that the model does not know before anything is kept
 * for them, so no request takes more than a few slots for each of its parameters. Refuses: UnknownParameter,
 * InvalidParameterValue (a name twice), InvalidParameter (too many).
 */
export function plant(
  root: Decoder,
  params: Iterable<readonly [string, string]>,
  skip: (name: string) => boolean,
): Slot {
  const top: Slot = { text: undefined, children: undefined, name: '', end: 0, decoder: root }
  let count = 0
  for (const [name, value] of params) {
    if (skip(name)) continue
    if (++count > mostParameters)
      refuse('InvalidParameter', { message: `The request has more than ${mostParameters} parameters` })
    const slot = descend(top, name)
    if (slot.text !== undefined) refuseTwice(slot)
    slot.text = value
  }
  return top
}

function descend(top: Slot, name: string): Slot {
  let slot = top
  for (let from = 0; from <= name.length; ) {
    const dot = name.indexOf('.', from)
    const end = dot < 0 ? name.length : dot
    const part = name.slice(from, end)
    slot.children ??= new Map()
    let next = slot.children.get(part)
    if (!next) {
      const decoder = slot.decoder.child(part) ?? refuse('UnknownParameter', { parameter: clip(name) })
      next = { text: undefined, children: undefined, name, end, decoder }
      slot.children.set(part, next)
    }
    slot = next
    from = end + 1
  }
  return slot
}

/** The name of what leads to `slot`, as the caller wrote it. */
export function pathOf(slot: Slot): string {
  return clip(slot.name.slice(0, slot.end))
}

/** A message repeats what the caller sent, but not pages of it. */
export function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}

/** Guess: what EC2 answers is not documented; taking either value could be the wrong one. */
export function refuseTwice(slot: Slot): never {
  return refuse('InvalidParameterValue', { message: `The parameter ${pathOf(slot)} has been given more than once` })
}
