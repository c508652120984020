import type { DnsSpec, NameRule } from '../../host-api/dns.ts'
import { addressOf, isWithin, localNetworks } from './addresses.ts'

/**
 * What is known of a name. `zone` is whose SOA vouches for what is not there.
 * - `address`, `pointer`: the one thing that it has.
 * - `apex`: it is a zone itself.
 * - `nothing`: no such name.
 * - `elsewhere`: others must be asked.
 */
export type Known =
  | { readonly kind: 'address'; readonly address: string; readonly ttlSeconds: number; readonly zone: string }
  | { readonly kind: 'pointer'; readonly name: string; readonly ttlSeconds: number; readonly zone: string }
  | { readonly kind: 'apex' | 'nothing'; readonly zone: string }
  | { readonly kind: 'elsewhere' }

const reverseZone = 'in-addr.arpa'
/** Guess: what EC2's own name server gives for names inside is a minute; reverse names of addresses may be changed. */
const ttlSeconds = 60

/** Looks up a name by its labels, lower case. Pure. */
export function lookUp(spec: DnsSpec, labels: readonly string[]): Known {
  const name = labels.join('.')
  // A label may hold a dot, or any byte: such a name is none of ours, whatever it looks like.
  if (labels.some((it) => !/^[a-z0-9_-]+$/.test(it))) return missing(spec, name)
  if (Object.hasOwn(spec.hosts, name)) {
    return { kind: 'address', address: spec.hosts[name]!, ttlSeconds, zone: zoneOf(spec, name) ?? name } // just seen
  }
  return name.endsWith(`.${reverseZone}`) ? reverse(spec, labels) : forward(spec, labels, name)
}

function forward(spec: DnsSpec, [host = '', ...rest]: readonly string[], name: string): Known {
  const domain = rest.join('.')
  for (const rule of spec.rules) {
    if (name === rule.domain && rule.whole) return { kind: 'apex', zone: rule.domain }
    const address = domain === rule.domain ? addressIn(rule, host) : undefined
    if (address !== undefined) {
      const { ttlSeconds: ttl, instead } = rule
      return { kind: 'address', address: instead[address] ?? address, ttlSeconds: ttl, zone: rule.domain }
    }
  }
  return missing(spec, name)
}

function addressIn({ prefix, within }: NameRule, label: string): string | undefined {
  const [first, ...pieces] = label.split('-')
  const address = first === prefix ? addressOf(pieces) : undefined
  return address !== undefined && isWithin(address, within) ? address : undefined
}

function missing(spec: DnsSpec, name: string): Known {
  for (const [zone, address] of Object.entries(spec.domains ?? {}))
    if (name === zone || name.endsWith(`.${zone}`)) return { kind: 'address', address, ttlSeconds, zone }
  const zone = zoneOf(spec, name)
  return zone === undefined ? { kind: 'elsewhere' } : { kind: 'nothing', zone }
}

function zoneOf({ rules }: DnsSpec, name: string): string | undefined {
  return rules.find((it) => it.whole && name.endsWith(`.${it.domain}`))?.domain
}

function reverse(spec: DnsSpec, labels: readonly string[]): Known {
  const octets = labels.slice(0, -2).toReversed()
  const address = addressOf(octets)
  const zone = [...octets.slice(0, 3).toReversed(), reverseZone].join('.')
  const own = address === undefined ? undefined : reverseName(spec, address)
  if (own !== undefined) return { kind: 'pointer', name: own, ttlSeconds, zone }
  const padded = addressOf([...octets, '0', '0', '0', '0'].slice(0, 4))
  const isLocal = padded !== undefined && isWithin(padded, localNetworks)
  return isLocal ? { kind: octets.length < 4 ? 'apex' : 'nothing', zone } : { kind: 'elsewhere' }
}

function reverseName({ reverse: others, rules }: DnsSpec, address: string): string | undefined {
  if (Object.hasOwn(others, address)) return others[address]
  const rule = rules.find((it) => isWithin(address, it.within))
  return rule && `${rule.prefix}-${address.replaceAll('.', '-')}.${rule.domain}`
}
