import { Fault } from '../../../base/fault.ts'
import { isSix } from '../../../base/ipv6.ts'
import type {
  AclSpec,
  EdgeSpec,
  EdgeTableSpec,
  RouterSpec,
  RouteSpec,
  RuleSpec,
  TableSpec,
} from '../../../host-api/spec.ts'
import { isId } from '../../../model/ids.ts'
import { isAddress, isNetwork } from './ipv4.ts'
import { isAddress6, isNetwork6 } from './ipv6.ts'
import { addressesOfVif } from './router-links.ts'

/**
 * What is in a spec becomes text that `ip`, `nft` and dnsmasq read as commands. So nothing goes that far that does not
 * look exactly like what it should be. What is the same as in `before`, which was checked, is not looked at. Throws a `Fault` that
 * names the field.
 */
export function checkRouter(spec: RouterSpec, before?: RouterSpec): void {
  checkNetwork(spec, before)
  for (const it of others(spec.subnets, before?.subnets)) {
    want('subnet', it.id, isId('subnet', it.id))
    want('cidr', it.cidr, isNetwork(it.cidr))
    want('gateway', it.gateway, isAddress(it.gateway))
    if (it.ipv6) {
      want('cidr', it.ipv6.cidr, isNetwork6(it.ipv6.cidr))
      want('gateway', it.ipv6.gateway, isAddress6(it.ipv6.gateway))
    }
    if (it.acl !== undefined) want('acl', it.acl, isId('network-acl', it.acl))
    for (const dns of it.dns) want('dns', dns, isAddress(dns))
    want('domainName', it.domainName, it.domainName === '' || isDomainName(it.domainName))
    for (const [name, values] of Object.entries(it.options ?? {})) {
      want('option', name, isDomainName(name))
      for (const value of values) want('option', value, isAddress(value) || /^\d$/.test(value))
    }
  }
  for (const it of spec.dns?.servers ?? []) want('name server', it, isAddress(it))
  const subnets = new Set(spec.subnets.map((it) => it.id))
  checkTables(spec.tables)
  for (const it of spec.wires) {
    want('wire', it.id, isId('vpc-peering-connection', it.id))
    want('wire', it.to, isId('vpc', it.to))
    for (const cidr of it.sources) want('source', cidr, isAnyNetwork(cidr))
  }
  if (spec.objects) want('objects', spec.objects.address, isAddress(spec.objects.address))
  // What holds for a vif depends on these two as well.
  const isSameNetwork = spec.subnets === before?.subnets && spec.cidrs === before.cidrs
  for (const it of others(spec.vifs, isSameNetwork ? before.vifs : undefined)) {
    want('vif', it.id, isId('network-interface', it.id))
    want('mac', it.mac, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(it.mac))
    for (const address of addressesOfVif(it)) want('address', address, isAddress(address))
    for (const address of it.ipv6 ?? []) want('ipv6', address, isAddress6(address) && spec.cidrs.some(isSix))
    want('hostname', it.hostname, isDomainName(it.hostname))
    want('subnet', it.subnet, subnets.has(it.subnet))
    want('hopLimit', it.metadata.hopLimit, isIn(1, it.metadata.hopLimit, 64))
  }
  checkAcls(others(spec.acls ?? [], before?.acls))
  const members = new Map(before?.groups.map((it) => [it.id, it.members]))
  for (const it of others(spec.groups, before?.groups)) {
    want('group', it.id, isId('security-group', it.id))
    for (const address of others(it.members, members.get(it.id)))
      want('member', address, isAddress(address) || isAddress6(address))
    for (const rule of it.rules) checkRule(rule)
  }
}

export function checkEdge(spec: EdgeSpec): void {
  for (const it of spec.networks) {
    checkNetwork(it)
    checkTables(it.tables)
    checkAcls(it.acls ?? [])
    for (const nat of it.nats) {
      want('nat', nat.id, isId('natgateway', nat.id))
      want('publicAddress', nat.publicAddress, isAddress(nat.publicAddress))
      if (!nat.boundary) continue
      want('cidr', nat.boundary.cidr, isNetwork(nat.boundary.cidr))
      want('acl', nat.boundary.acl, isId('network-acl', nat.boundary.acl))
    }
    for (const cidr of [...(it.ipv6?.open ?? []), ...(it.ipv6?.outward ?? [])]) want('ipv6', cidr, isNetwork6(cidr))
    for (const { publicAddress, privateAddress } of it.addresses) {
      want('publicAddress', publicAddress, isAddress(publicAddress))
      want('privateAddress', privateAddress, isAddress(privateAddress))
    }
  }
}

interface Network {
  readonly vpc: string
  readonly vni: number
  readonly mtu: number
  readonly routes: readonly RouteSpec[]
  readonly cidrs: readonly string[]
}

function checkNetwork({ vpc, vni, mtu, routes, cidrs }: Network, before?: Network): void {
  for (const it of cidrs) want('cidr', it, isAnyNetwork(it))
  want('vpc', vpc, isId('vpc', vpc))
  want('vni', vni, isIn(1, vni, 2 ** 24 - 1))
  want('mtu', mtu, isIn(576, mtu, 9216))
  for (const it of others(routes, before?.routes)) {
    want('route', it.to, isAnyNetwork(it.to))
    want('route', it.via, isAddress(it.via))
  }
}

/** The elements that are not also, as the same objects, among those that were checked before. */
function others<T>(all: readonly T[], before: readonly T[] = []): readonly T[] {
  if (all === before) return []
  const known = new Set(before)
  return all.filter((it) => !known.has(it))
}

function checkTables(tables: readonly (TableSpec | EdgeTableSpec)[]): void {
  for (const it of tables) {
    want('number', it.number, isIn(1, it.number, 2 ** 31 - 1))
    for (const cidr of it.sources) want('source', cidr, isAnyNetwork(cidr))
    for (const way of it.ways) {
      want('way', way.to, isAnyNetwork(way.to))
      if ('via' in way) want('way', way.via, isAddress(way.via))
      if ('vif' in way) want('way', way.vif, isId('network-interface', way.vif))
      if ('wire' in way) want('way', way.wire, isId('vpc-peering-connection', way.wire))
      if ('by' in way) want('way', way.by, way.by === 'own-address' || isId('natgateway', way.by))
    }
  }
}

function checkAcls(acls: readonly AclSpec[]): void {
  for (const it of acls) {
    want('acl', it.id, isId('network-acl', it.id))
    for (const { cidr, ...rule } of it.rules) checkRule({ ...rule, peer: { cidr } })
  }
}

function checkRule({ protocol, range, peer }: RuleSpec): void {
  want('protocol', protocol, protocol === 'all' || isIn(0, protocol, 255))
  if (range) want('range', `${range.from}-${range.to}`, isRange(protocol, range))
  if ('cidr' in peer) want('cidr', peer.cidr, isAnyNetwork(peer.cidr))
  else want('group', peer.group, isId('security-group', peer.group))
}

/** Ports grow; types and codes of ICMP may be -1; to every other protocol a range means nothing. */
function isRange(protocol: RuleSpec['protocol'], { from, to }: { from: number; to: number }): boolean {
  if (protocol === 6 || protocol === 17) return isIn(0, from, to) && isIn(from, to, 65_535)
  return (protocol !== 1 && protocol !== 58) || (isIn(-1, from, 255) && isIn(-1, to, 255))
}

function isAnyNetwork(text: string): boolean {
  return isNetwork(text) || isNetwork6(text)
}

function isDomainName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text) && text.length < 254
}

function isIn(low: number, value: number, high: number): boolean {
  return Number.isInteger(value) && low <= value && value <= high
}

function want(field: string, value: unknown, ok: boolean): void {
  if (!ok) throw new Fault(`network: not a ${field}: ${JSON.stringify(value)}`)
}
