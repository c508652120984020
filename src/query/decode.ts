/**
 * Decoders of the Query protocols: from the parameters of a request to an operation's input, as the SDK's types have it.
 * Source: Smithy's "AWS EC2 query protocol" and "AWS query protocol", and the official client's own serializer.
 *
 * More is taken than the official clients send, because others send it: lists numbered from 0 or 1 or with gaps, one
 * value where the model has a list, `InstanceId.1` where it has no list, and a member's own name for its name in a query.
 */
import { refuse } from '../model/errors.ts'
import type { ListRow, MemberRow, ScalarRow, Service, Snapshot, StructRow } from './model/snapshot.ts'
import { type Parse, parsers } from './scalars.ts'
import { clip, type Decoder, pathOf, refuseTwice, type Slot } from './slots.ts'

/** Makes decoders of shapes, each when it is first needed, and keeps them. */
export class Decoders {
  readonly #service: Service
  readonly #shapes: Snapshot['shapes']
  readonly #made: (Decoder | undefined)[] = []

  constructor(service: Service, shapes: Snapshot['shapes']) {
    this.#service = service
    this.#shapes = shapes
  }

  /** The decoder of shape number `id`. */
  of(id: number): Decoder {
    const made = this.#made[id]
    if (made) return made
    const fresh = this.#make(this.#shapes[id]!) // Ids come from the snapshot itself.
    this.#made[id] = fresh
    return fresh
  }

  #make(row: ScalarRow | ListRow | StructRow): Decoder {
    if (typeof row === 'string') return scalar(parsers[row])
    if (row[0] === 'struct') return structure(row, (id) => this.of(id))
    const plain = list(() => this.of(row[1]))
    return this.#service === 'sts' ? nestedList(plain, row[2]) : plain
  }
}

/** One to nine digits: nobody numbers further, and a number that stays exact needs no thought. */
function isIndex(part: string): boolean {
  return /^(0|[1-9]\d{0,8})$/.test(part)
}

function nothing(): undefined {}

/** A value; also one that came as the only entry of a list (boto 2 sends `InstanceId.1` in GetConsoleOutput). */
function scalar(parse: Parse): Decoder {
  const leaf: Decoder = { child: nothing, read: (slot) => parse(slot.text!, slot) } // A leaf has no children, so it has text.
  return {
    child: (part) => (isIndex(part) ? leaf : undefined),
    read(slot) {
      const { text, children } = slot
      if (text !== undefined) return children ? refuseTwice(slot) : parse(text, slot)
      if (!children || children.size > 1) return refuseTwice(slot)
      const [only] = children.values()
      return leaf.read(only!)
    },
  }
}

/** Entries in the order of their numbers, whatever those are. A value without a number is a list of one. */
function list(item: () => Decoder): Decoder {
  return {
    child: (part) => (isIndex(part) ? item() : undefined),
    read(slot) {
      const { text, children } = slot
      if (text !== undefined) return children ? refuseTwice(slot) : [item().read(slot)]
      return inOrder(children!).map((entry) => entry.decoder.read(entry)) // No text, so there are children.
    },
  }
}

function inOrder(entries: ReadonlyMap<string, Slot>): Slot[] {
  return [...entries].sort(([a], [b]) => Number(a) - Number(b)).map(([, slot]) => slot)
}

/** awsQuery's list: `Tags.member.1.Key`, and `Tags=` for an empty one. */
function nestedList(plain: Decoder, tag: string): Decoder {
  return {
    child: (part) => (part === tag ? plain : plain.child(part)),
    read(slot) {
      const nested = slot.children?.get(tag)
      if (nested) return slot.text !== undefined || slot.children!.size > 1 ? refuseTwice(slot) : plain.read(nested)
      return slot.text === '' && !slot.children ? [] : plain.read(slot)
    },
  }
}

interface Member {
  readonly name: string
  readonly query: string
  readonly decoder: () => Decoder
}

function structure([, required, rows]: StructRow, decoderOf: (id: number) => Decoder): Decoder {
  const members = membersOf(rows, decoderOf)
  const needed = rows.slice(0, required).map(([name, query]) => ({ name, query: query || name }))
  return {
    child: (part) => members.get(part)?.decoder(),
    read(slot) {
      if (slot.text !== undefined)
        return attributeOf(slot, members) ?? refuse('UnknownParameter', { parameter: pathOf(slot) })
      const value: Record<string, unknown> = {}
      for (const [part, child] of slot.children ?? []) {
        const { name } = members.get(part)! // Nothing else was planted.
        if (Object.hasOwn(value, name)) refuseTwice(child)
        value[name] = child.decoder.read(child)
      }
      for (const it of needed) if (value[it.name] === undefined) refuseMissing(slot, it.query)
      return value
    },
  }
}

/** The structures that hold a `Value` and no more also come without it: euca2ools sends `EbsOptimized=true` for `EbsOptimized.Value=true`. */
function attributeOf(slot: Slot, members: ReadonlyMap<string, Member>): object | undefined {
  const value = members.get('Value')
  return value && members.size === 1 ? { [value.name]: value.decoder().read(slot) } : undefined
}

/** By name in a query, and by the member's own name where that is not another's name in a query. */
function membersOf(rows: readonly MemberRow[], decoderOf: (id: number) => Decoder): ReadonlyMap<string, Member> {
  const members = rows.map(([name, query, , shape]) => ({
    name,
    query: query || name,
    decoder: () => decoderOf(shape),
  }))
  const byName = new Map<string, Member>(members.map((it) => [it.name, it]))
  for (const it of members) byName.set(it.query, it)
  return byName
}

function refuseMissing(slot: Slot, query: string): never {
  const path = pathOf(slot)
  return refuse('MissingParameter', { parameter: clip(path ? `${path}.${query}` : query) })
}
