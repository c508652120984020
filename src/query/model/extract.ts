/**
 * Writes the snapshot of a service's model: `node extract.ts SERVICE FILE STAMP`. A process of its own, because what the
 * official client takes in memory is never given back.
 * Source: the client's own reading of its schemas, NormalizedSchema in @smithy/core and the two query protocols in @aws-sdk/core.
 */
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { argv, pid } from 'node:process'
import { Fault } from '../../base/fault.ts'
import { clientOf, type MemberRow, type Service, type ShapeRow, type Snapshot } from './snapshot.ts'

/** Kinds of schemas, as the first element of their arrays says. */
const kinds = { simple: 0, list: 1, structure: 3, error: -3, operation: 9 } as const
/** Kinds of scalars, as their number says; below 64 is a scalar, 64 and more a list of the rest. */
const scalars: Readonly<Record<number, ShapeRow>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  4: 'timestamp',
  5: 'timestamp',
  21: 'blob',
}
const listOf = 64
const mapOf = 128

type Traits = Readonly<Record<string, unknown>>
type Schema = readonly unknown[]

/** The snapshot of `exports`, all that a client exports. Throws a Fault on a kind of shape that the codec can't serve. */
export function extract(service: Service, exports: object, stamp: string): Snapshot {
  const reader = new Reader(service)
  const operations: Record<string, readonly [number, number]> = {}
  for (const schema of Object.values(exports)) {
    if (!Array.isArray(schema) || schema[0] !== kinds.operation) continue
    operations[String(schema[2])] = [reader.shape(schema[4], 'input'), reader.shape(schema[5], 'output')]
  }
  return { stamp, operations, shapes: reader.shapes }
}

/** Numbers each shape when it is first met, so that a shape may lead back to itself. */
class Reader {
  readonly shapes: ShapeRow[] = []
  readonly #known = new Map<unknown, number>()
  readonly #service: Service

  constructor(service: Service) {
    this.#service = service
  }

  /** The number of the shape behind `reference`; -1 for the unit shape. */
  shape(reference: unknown, path: string): number {
    const schema = target(reference)
    if (schema === 'unit') return -1
    if (Array.isArray(schema) && schema[0] === kinds.simple) return this.shape(schema[4], path)
    const known = this.#known.get(schema)
    if (known !== undefined) return known
    const id = this.shapes.push('string') - 1
    this.#known.set(schema, id)
    this.shapes[id] = this.#read(schema, path)
    return id
  }

  #read(schema: unknown, path: string): ShapeRow {
    if (typeof schema === 'number' && scalars[schema]) return scalars[schema]
    if (typeof schema === 'number' && schema >= listOf && schema < mapOf)
      return ['list', this.shape(schema - listOf, path), 'member']
    if (!Array.isArray(schema)) throw new Fault(`${path}: no codec for a shape like ${String(schema)}`)
    const named = `${path} (${schema[2]})`
    if (schema[0] === kinds.list)
      return ['list', this.shape(schema[4], named), text(traitsOf(schema[4], named).xmlName) ?? 'member']
    if (schema[0] === kinds.structure) return this.#structure(schema, named)
    throw new Fault(`${named}: no codec for shapes of kind ${schema[0]}`)
  }

  #structure(schema: Schema, path: string): ShapeRow {
    const names = schema[4] as readonly string[]
    const references = schema[5] as readonly unknown[]
    const members = names.map((name, i) => this.#member(name, references[i], `${path}.${name}`))
    return ['struct', Number(schema[6] ?? 0), members]
  }

  #member(name: string, reference: unknown, path: string): MemberRow {
    const traits = traitsOf(reference, path)
    const tag = text(traits.xmlName) ?? name
    const query = this.#service === 'ec2' ? (text(traits.ec2QueryName) ?? capitalised(tag)) : tag
    return [name, query === name ? 0 : query, tag === name ? 0 : tag, this.shape(reference, path)]
  }
}

/** A reference is a schema, a function that gives it, or a pair of that and traits. */
function target(reference: unknown): unknown {
  if (typeof reference === 'function') return target(reference())
  return Array.isArray(reference) && reference.length === 2 ? target(reference[0]) : reference
}

/** Traits that change nothing for this codec, as the client's own query protocols ignore them too. */
const harmless = new Set(['xmlName', 'ec2QueryName', 'idempotencyToken', 'sensitive'])

function traitsOf(reference: unknown, path: string): Traits {
  const traits = Array.isArray(reference) && reference.length === 2 ? reference[1] : 0
  if (typeof traits !== 'object' || traits === null) return {}
  for (const trait of Object.keys(traits))
    if (!harmless.has(trait)) throw new Fault(`${path}: no codec for the trait ${trait}`)
  return traits as Traits
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Writes all of `file` or nothing, whoever else writes it at the same time. */
async function write(file: string, snapshot: Snapshot): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.${pid}.tmp`
  const handle = await open(temporary, 'w', 0o644)
  try {
    await handle.writeFile(JSON.stringify(snapshot))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
}

if (import.meta.main) {
  const [service, file, stamp] = argv.slice(2)
  if ((service !== 'ec2' && service !== 'sts') || !file || !stamp) throw new Fault('extract.ts SERVICE FILE STAMP')
  const exports: object = await import(clientOf[service])
  await write(file, extract(service, exports, stamp))
}
