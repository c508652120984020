import type { RuleSpec } from '../../../host-api/spec.ts'
import type { Chain, NamedSet } from './ruleset.ts'

/** The chains and sets that security groups become; every vif of a group jumps to the same chain. */
export interface GroupRules {
  readonly chains: Readonly<Record<string, Chain>>
  readonly sets: Readonly<Record<string, NamedSet>>
}

/** What rules of one protocol and range become: what matches within the protocol, and who may. */
export interface Lines {
  readonly service: Service
  /** In nft's words, empty for anybody; `accept` is implied. */
  readonly peers: readonly string[]
}

export interface Service {
  readonly key: string
  readonly protocol: RuleSpec['protocol']
  /** Of TCP and UDP, unless it is every port. */
  readonly ports?: { readonly from: number; readonly to: number }
  /** What a packet of the protocol must look like besides, in nft's words; empty for every packet. */
  readonly match: string
}

/**
 * The chain of one protocol of a group, `name`, and what it leads to. Single ports are keys of a hash, ranges are cut
 * where they overlap and are keys of a tree: a packet finds its lines in two steps, however many there are.
 */
export function portMaps(name: string, lines: readonly Lines[]): GroupRules {
  const single = lines.filter((it) => it.service.ports?.from === it.service.ports?.to && it.service.ports)
  const ranges = lines.filter((it) => it.service.ports && !single.includes(it))
  const whole = lines.filter((it) => !it.service.ports)
  const ports = verdicts(
    name,
    single.map((it) => ({ key: `${it.service.ports?.from}`, lines: [it] })),
  )
  const cut = verdicts(name, pieces(ranges))
  const rules = [
    ...whole.flatMap(accepts),
    ...(single.length > 0 ? [`th dport vmap @${name}-ports`] : []),
    ...(ranges.length > 0 ? [`th dport vmap @${name}-ranges`] : []),
  ]
  return {
    chains: { [name]: { rules }, ...ports.chains, ...cut.chains },
    sets: {
      ...(single.length > 0 && { [`${name}-ports`]: map('type inet_service : verdict;', ports.elements) }),
      ...(ranges.length > 0 && {
        [`${name}-ranges`]: map('type inet_service : verdict; flags interval;', cut.elements),
      }),
    },
  }
}

interface Piece {
  readonly key: string
  readonly lines: readonly Lines[]
}

/** The ranges without overlaps: each piece with all the lines that speak of it. In the order of their ports. */
function pieces(ranges: readonly Lines[]): Piece[] {
  const spans = ranges.map((lines) => ({ lines, ...lines.service.ports! })) // only those that have ports come here
  const starts = [...new Set(spans.flatMap(({ from, to }) => [from, to + 1]))].sort((a, b) => a - b)
  return starts.flatMap((from, index) => {
    const to = (starts[index + 1] ?? 65_536) - 1
    const covering = spans.filter((it) => it.from <= from && to <= it.to).map((it) => it.lines)
    return covering.length > 0 ? [{ key: `${from}-${to}`, lines: covering }] : []
  })
}

/** Each piece leads to a chain of its own; what is open to everybody needs none. */
function verdicts(name: string, pieces: readonly Piece[]): { elements: string[]; chains: Record<string, Chain> } {
  const chains: Record<string, Chain> = {}
  const elements = pieces.map(({ key, lines }) => {
    const rules = [...new Set(lines.flatMap(accepts))]
    if (rules.includes('accept')) return `${key} : accept`
    const shared = rules.length === 1 && rules[0] ? sharedChains.get(rules[0]) : undefined
    if (!shared) chains[`${name}-at-${key}`] = { rules }
    return `${key} : jump ${shared ?? `${name}-at-${key}`}`
  })
  return { elements, chains }
}

const sharedChains = new Map([
  ['meta nfproto ipv4 accept', 'any-ipv4'],
  ['meta nfproto ipv6 accept', 'any-ipv6'],
])

function map(type: string, elements: readonly string[]): NamedSet {
  return { kind: 'map', type, elements }
}

export function accepts({ service, peers }: Lines): string[] {
  return peers.map((it) => [service.match, it, 'accept'].filter((word) => word !== '').join(' '))
}
