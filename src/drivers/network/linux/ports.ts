/** Ranges of ports. Pure. */

export interface Ports {
  readonly from: number
  readonly to: number
}

export const everyPort: Ports = { from: 0, to: 65_535 }

/**
 * The ranges cut where they overlap, each piece with everything that was said `of` it; pieces next to each other that
 * say the same are one. In the order of their ports.
 */
export function pieces<T>(ranges: readonly { readonly ports: Ports; readonly of: T }[]): { ports: Ports; of: T[] }[] {
  const cuts = [...new Set(ranges.flatMap(({ ports }) => [ports.from, ports.to + 1]))].sort((a, b) => a - b)
  const places = new Map(cuts.map((it, index) => [it, index]))
  const said: Set<T>[] = cuts.map(() => new Set())
  for (const { ports, of } of ranges) {
    const end = places.get(ports.to + 1)! // every end is a cut
    for (let index = places.get(ports.from)!; index < end; index++) said[index]?.add(of)
  }
  const found: { ports: Ports; of: T[] }[] = []
  for (const [index, of] of said.entries()) {
    if (of.size === 0) continue
    const [from, to] = [cuts[index]!, cuts[index + 1]! - 1] // the last cut ends all ranges: nothing is said of it
    const last = found.at(-1)
    if (last && last.ports.to + 1 === from && isSame(last.of, of))
      found[found.length - 1] = { ports: { from: last.ports.from, to }, of: last.of }
    else found.push({ ports: { from, to }, of: [...of] })
  }
  return found
}

function isSame<T>(one: readonly T[], other: ReadonlySet<T>): boolean {
  return one.length === other.size && one.every((it) => other.has(it))
}
