/**
 * What we keep of the official model of a service: every operation's shapes, as one small JSON document.
 * Importing the client itself costs some 90 MB and 0.3 s; reading this costs a few.
 */

export type Service = 'ec2' | 'sts'

/** Raise when `extract.ts` writes something else from the same client. */
export const extractorVersion = 1

export interface Snapshot {
  /** From which client and by which extractor: see `stampOf`. */
  readonly stamp: string
  readonly operations: Readonly<Record<string, OperationRow>>
  readonly shapes: readonly ShapeRow[]
}

/** Where the input and the output are in `shapes`; -1 for an operation that has no output. */
export type OperationRow = readonly [input: number, output: number]

export type ShapeRow = ScalarRow | ListRow | StructRow
export type ScalarRow = 'string' | 'number' | 'boolean' | 'timestamp' | 'blob'
/** A list: the shape of its items, and the tag of each in XML. */
export type ListRow = readonly ['list', item: number, tag: string]
/** A structure. The first `required` of its members are required. */
export type StructRow = readonly ['struct', required: number, members: readonly MemberRow[]]
/** A member: its name, its name in a query, its tag in XML (both 0 where they are the name), and its shape. */
export type MemberRow = readonly [name: string, query: string | 0, tag: string | 0, shape: number]

export const clientOf = { ec2: '@aws-sdk/client-ec2', sts: '@aws-sdk/client-sts' } as const satisfies Record<
  Service,
  string
>
