import ipaddr from 'ipaddr.js'
import type { RuleSpec } from '../../../../host-api/spec.ts'
import type { Table } from '../ruleset.ts'

/** As much of a packet as groups look at. */
export interface Packet {
  readonly protocol: number
  /** The port that it is for; of ICMP the type. */
  readonly port: number
  readonly code?: number
  /** The other side's address. */
  readonly peer: string
}

/** Whether the chain of a group accepts the packet, as nftables would read its rules; and how many of them it meets. */
export function judge(table: Table, chain: string, packet: Packet): { accepted: boolean; rules: number } {
  let rules = 0
  const walk = (name: string): boolean => (table.chains[name]?.rules ?? []).some((it) => meets(it))
  const meets = (rule: string): boolean => {
    rules++
    const map = /^meta l4proto vmap @(.+)$/.exec(rule)?.[1]
    if (map === undefined) return conditions(rule).every((it) => holds(table, it, packet))
    const found = elements(table, map).find((it) => it.startsWith(`${packet.protocol} : jump `))
    return found !== undefined && walk(found.slice(found.indexOf('jump ') + 5))
  }
  return { accepted: walk(chain), rules }
}

/** Whether the rule itself, as it was asked for, lets the packet pass. */
export function says({ protocol, range, peer }: RuleSpec, packet: Packet, members: readonly string[]): boolean {
  if (protocol !== 'all' && protocol !== packet.protocol) return false
  if ((protocol === 1 && isSix(packet.peer)) || (protocol === 58 && !isSix(packet.peer))) return false
  const fits = [1, 58].includes(packet.protocol)
    ? !range || range.from === -1 || (range.from === packet.port && [-1, packet.code].includes(range.to))
    : !range || (range.from <= packet.port && packet.port <= range.to)
  return fits && ('group' in peer ? members.includes(packet.peer) : isWithin(packet.peer, peer.cidr))
}

type Condition = readonly [field: string, value: string]

function conditions(rule: string): Condition[] {
  const found = rule.matchAll(
    /(meta nfproto|icmp type|icmp code|icmpv6 type|icmpv6 code|th dport \. ip6? [sd]addr|th dport|ip6? [sd]addr) (\S+)/g,
  )
  const all = [...found].map(([, field = '', value = '']): Condition => [field, value])
  const rest = all.reduce((text, [field, value]) => text.replace(`${field} ${value}`, ''), rule).trim()
  if (rest !== 'accept') throw new Error(`not understood: ${rule}`)
  return all
}

function holds(table: Table, [field, value]: Condition, { protocol, port, code, peer }: Packet): boolean {
  if (field === 'meta nfproto') return isSix(peer) === (value === 'ipv6')
  if (field.startsWith('icmp')) {
    if (protocol !== (field.startsWith('icmpv6') ? 58 : 1)) return false
    return Number(value) === (field.endsWith('type') ? port : code)
  }
  const ports = (key: string) => {
    const [from = 0, to = from] = key.split('-').map(Number)
    return from <= port && port <= to
  }
  const them = elements(table, value.slice(1))
  if (field === 'th dport') return them.some(ports)
  if (isSix(peer) !== field.includes('ip6')) return false
  if (!field.startsWith('th dport')) return them.some((it) => isWithin(peer, it))
  return them.some((it) => ports(it.split(' . ')[0] ?? '') && isWithin(peer, it.split(' . ')[1] ?? ''))
}

function elements(table: Table, set: string): readonly string[] {
  const found = table.sets[set]
  if (!found) throw new Error(`no set ${set}`)
  return found.elements
}

function isWithin(address: string, cidr: string): boolean {
  if (isSix(address) !== isSix(cidr)) return false
  if (!cidr.includes('/')) return address === cidr
  const [one, other] = [ipaddr.process(address), ipaddr.parseCIDR(cidr)]
  return one.kind() === other[0].kind() && one.match(other)
}

function isSix(address: string): boolean {
  return address.includes(':')
}
