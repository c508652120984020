/** What many measurements come to. */
export interface Summary {
  readonly count: number
  readonly median: number
  readonly p99: number
  readonly least: number
  readonly most: number
}

/** Throws for no measurements: there is nothing to say of them. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new Error('nothing was measured')
  const sorted = values.toSorted((a, b) => a - b)
  return {
    count: sorted.length,
    median: at(sorted, 0.5),
    p99: at(sorted, 0.99),
    least: at(sorted, 0),
    most: at(sorted, 1),
  }
}

export function median(values: readonly number[]): number {
  return summarize(values).median
}

/** The value that the share `share` of all do not exceed: nearest rank, no value that was not measured. */
function at(sorted: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1]! // not empty, and share is at most 1
}
