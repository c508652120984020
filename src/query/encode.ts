/**
 * Encoders of the Query protocols: from an operation's output to XML.
 * Source: Smithy's "AWS EC2 query protocol" and "AWS query protocol", and the official client's own deserializer.
 */
import type { ListRow, ScalarRow, Snapshot, StructRow } from './model/snapshot.ts'
import { escapeText } from './xml.ts'

/** The content of an element. What it is given has the shape that it was made for: the types of actions see to that. */
export type Encode = (value: never) => string

type Fields = Readonly<Record<string, unknown>>

/** Makes encoders of shapes, each when it is first needed, and keeps them. */
export class Encoders {
  readonly #shapes: Snapshot['shapes']
  readonly #made: (Encode | undefined)[] = []

  constructor(shapes: Snapshot['shapes']) {
    this.#shapes = shapes
  }

  /** The encoder of shape number `id`. */
  of(id: number): Encode {
    const made = this.#made[id]
    if (made) return made
    const fresh = this.#make(this.#shapes[id]!) // Ids come from the snapshot itself.
    this.#made[id] = fresh
    return fresh
  }

  #make(row: ScalarRow | ListRow | StructRow): Encode {
    if (typeof row === 'string') return scalars[row]
    return row[0] === 'list' ? this.#list(row) : this.#structure(row)
  }

  #list([, item, tag]: ListRow): Encode {
    const wrap = element(tag)
    return (values: readonly unknown[]) => {
      const encode = this.of(item)
      let xml = ''
      for (const value of values) if (value != null) xml += wrap(encode(value as never))
      return xml
    }
  }

  #structure([, , rows]: StructRow): Encode {
    const members = rows.map(([name, , tag, shape]) => ({ name, wrap: element(tag || name), shape }))
    return (fields: Fields) => {
      let xml = ''
      for (const { name, wrap, shape } of members) {
        const value = fields[name]
        if (value != null) xml += wrap(this.of(shape)(value as never))
      }
      return xml
    }
  }
}

/** A time may be text already: an answer that was remembered as JSON has it so. */
const scalars = {
  string: (value: string) => escapeText(String(value)),
  number: (value: number) => String(value),
  boolean: (value: boolean) => String(value),
  timestamp: (value: Date | string) => (typeof value === 'string' ? escapeText(value) : value.toISOString()),
  blob: (value: Uint8Array) => value.toBase64(),
} as const satisfies Record<ScalarRow, Encode>

/** Puts content into an element; without content it is `<tag/>`, as EC2 writes it. */
function element(tag: string): (content: string) => string {
  const open = `<${tag}>`
  const close = `</${tag}>`
  const empty = `<${tag}/>`
  return (content) => (content === '' ? empty : open + content + close)
}
