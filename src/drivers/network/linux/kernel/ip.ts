/**
 * Lines of ip(8) and bridge(8), as far as the network writes them, carried out in this process: starting the program takes ten
 * times as long as what it does. What is not among them is left to the program.
 * Source: iproute2 6.1, for what its words mean in messages (iplink.c, ipaddress.c, iproute.c, ipneigh.c, iprule.c, bridge/fdb.c).
 */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import ipaddr from 'ipaddr.js'
import { isSix } from '../../../../base/ipv6.ts'
import { checked, KernelError, libc } from '../../../../base/libc.ts'
import { directory, inside, type Namespace } from '../../../../base/network-namespace.ts'
import { openTap } from '../../../../base/tap.ts'
import { attribute, be16, flags, nest, Rtnetlink, text, u8, u32 } from './netlink.ts'
import {
  AF,
  FR_ACT_TO_TBL,
  FRA,
  IFA,
  IFA_F_NOPREFIXROUTE,
  IFF_UP,
  IFLA,
  LINK_INFO,
  MAIN_TABLE,
  NDA,
  NTF_SELF,
  NUD_PERMANENT,
  ROUTE_KIND,
  RTA,
  RTM,
  RTNH_F_ONLINK,
  SCOPE,
  TUNSETOWNER,
  TUNSETPERSIST,
  VETH_PEER,
  VXLAN,
} from './rtnetlink-numbers.ts'

/** Carries out one line; what it needs to know is in it. */
type Act = (route: Rtnetlink) => void

/** Whether all of them are known here. */
export function isKnown(lines: readonly string[]): boolean {
  return lines.every((it) => actOf(it, 4) !== undefined)
}

/** Carries out the lines in order; stops at the first that fails, with the line in what is thrown. All are known. */
export function runIp(namespace: Namespace, lines: readonly string[], version: 4 | 6 = 4): void {
  inside(namespace, () => {
    using route = new Rtnetlink()
    for (const line of lines) actOf(line, version)?.(route)
  })
}

function actOf(line: string, version: 4 | 6): Act | undefined {
  const [object = '', verb = '', ...words] = line.split(' ')
  switch (`${object} ${verb}`) {
    case 'link add':
      return linkAdd(line, words)
    case 'link set':
      return linkSet(line, words)
    case 'link del':
      return linkDelete(line, words)
    case 'tuntap add':
      return tapAdd(line, words)
    case 'ntable change':
      return proxyDelay(words)
    case 'addr add':
    case 'addr replace':
    case 'addr del':
      return address(line, verb, words)
    case 'route replace':
    case 'route del':
      return routeChange(line, verb, words)
    case 'neigh replace':
    case 'neigh del':
      return neighbour(line, verb, words)
    case 'rule add':
    case 'rule del':
      return rule(line, verb, words, version)
    case 'fdb replace':
    case 'fdb del':
      return forwarding(line, verb, words)
    default:
      return undefined
  }
}

/** Words that come in pairs, and those that stand alone; undefined where there are others. */
function pairsOf(words: readonly string[], pairs: readonly string[], alone: readonly string[] = []) {
  const found = new Map<string, string>()
  for (let at = 0; at < words.length; at++) {
    const word = words[at]! // within the list
    if (alone.includes(word)) found.set(word, '')
    else if (pairs.includes(word) && at + 1 < words.length)
      found.set(word, words[++at]!) // so is this
    else return undefined
  }
  return found
}

function linkAdd(line: string, words: readonly string[]): Act | undefined {
  const [name = '', ...rest] = words
  const at = rest.indexOf('type')
  const own = linkAttributes(pairsOf(at < 0 ? rest : rest.slice(0, at), ['address', 'mtu', 'netns']))
  const kind = rest[at + 1]
  const info = at < 0 ? undefined : kind === 'veth' ? vethInfo(rest.slice(at + 2)) : vxlanInfo(kind, rest.slice(at + 2))
  if (!own || !info) return undefined
  return (route) => {
    using open = new DisposableStack()
    const attributes = [attribute(IFLA.name, text(name)), ...own(open), ...info(open)]
    const payload = Buffer.concat([linkHeader(0), ...attributes])
    route.change(line, RTM.newLink, flags.create | flags.exclusive, payload)
  }
}

type Attributes = (open: DisposableStack) => Buffer[]

/** A namespace is told by a descriptor, which is held until the message is sent. */
function linkAttributes(told: Map<string, string> | undefined): Attributes | undefined {
  if (!told) return undefined
  return (open) =>
    [...told].flatMap(([word, value]) => {
      if (word === 'address') return [attribute(IFLA.address, macOf(value))]
      if (word === 'mtu') return [attribute(IFLA.mtu, u32(Number(value)))]
      if (word === 'netns') return [namespaceAttribute(value, open)]
      return []
    })
}

function namespaceAttribute(name: string, open: DisposableStack): Buffer {
  return attribute(IFLA.namespaceFd, u32(open.adopt(openSync(`${directory}/${name}`, 'r'), closeSync)))
}

/** `peer name NAME …`: the other end, with attributes of its own; what is said behind it is said of it. */
function vethInfo(words: readonly string[]): Attributes | undefined {
  const [peer, word, name = '', ...rest] = words
  const other = linkAttributes(pairsOf(rest, ['address', 'mtu', 'netns']))
  if (peer !== 'peer' || word !== 'name' || !other) return undefined
  return (open) => {
    const end = nest(VETH_PEER, linkHeader(0), attribute(IFLA.name, text(name)), ...other(open))
    return [nest(IFLA.linkInfo, attribute(LINK_INFO.kind, text('veth')), nest(LINK_INFO.data, end))]
  }
}

function vxlanInfo(kind: string | undefined, words: readonly string[]): Attributes | undefined {
  const told = pairsOf(words, ['id', 'local', 'dstport'], ['nolearning'])
  if (kind !== 'vxlan' || told?.size !== 4) return undefined
  const data = nest(
    LINK_INFO.data,
    attribute(VXLAN.id, u32(Number(told.get('id')))),
    attribute(VXLAN.local, bytesOf(told.get('local') ?? '')),
    attribute(VXLAN.port, be16(Number(told.get('dstport')))),
    attribute(VXLAN.learning, u8(0)),
  )
  return () => [nest(IFLA.linkInfo, attribute(LINK_INFO.kind, text('vxlan')), data)]
}

function linkSet(line: string, words: readonly string[]): Act | undefined {
  const told = pairsOf(words, ['dev', 'address', 'group', 'alias', 'mtu', 'master', 'netns', 'name'], ['up'])
  const dev = told?.get('dev')
  if (!told || dev === undefined) return undefined
  return (route) => {
    using open = new DisposableStack()
    const attributes = [...told].flatMap(([word, value]) => {
      if (word === 'netns') return [namespaceAttribute(value, open)]
      if (word === 'name') return [attribute(IFLA.name, text(value))]
      if (word === 'address') return [attribute(IFLA.address, macOf(value))]
      if (word === 'mtu') return [attribute(IFLA.mtu, u32(Number(value)))]
      if (word === 'group') return [attribute(IFLA.group, u32(Number(value)))]
      if (word === 'alias') return [attribute(IFLA.alias, text(value))]
      if (word === 'master') return [attribute(IFLA.master, u32(indexOf(value)))]
      return []
    })
    const payload = Buffer.concat([linkHeader(indexOf(dev), told.has('up')), ...attributes])
    route.change(line, RTM.newLink, 0, payload)
  }
}

function linkDelete(line: string, [word, name = '', ...rest]: readonly string[]): Act | undefined {
  if (rest.length > 0) return undefined
  if (word === 'dev') return (route) => route.change(line, RTM.delLink, 0, linkHeader(indexOf(name)))
  if (word !== 'group') return undefined
  const payload = Buffer.concat([linkHeader(0), attribute(IFLA.group, u32(Number(name)))])
  return (route) => route.change(line, RTM.delLink, 0, payload)
}

/** A tap that lasts. */
function tapAdd(line: string, words: readonly string[]): Act | undefined {
  const told = pairsOf(words, ['dev', 'mode', 'user'])
  if (told?.get('mode') !== 'tap' || told.size !== 3) return undefined
  return () => {
    const tun = openTap(told.get('dev') ?? '', 'bare')
    try {
      checked(line, libc().ioctlByValue(tun, BigInt(TUNSETOWNER), BigInt(told.get('user') ?? 0)))
      checked(line, libc().ioctlByValue(tun, BigInt(TUNSETPERSIST), 1n))
    } finally {
      closeSync(tun)
    }
  }
}

/** `ntable change name arp_cache dev DEV proxy_delay 0`: what /proc says of it is the same. */
function proxyDelay(words: readonly string[]): Act | undefined {
  const told = pairsOf(words, ['name', 'dev', 'proxy_delay'])
  if (told?.get('name') !== 'arp_cache' || told.size !== 3) return undefined
  return () => writeFileSync(`/proc/sys/net/ipv4/neigh/${told.get('dev')}/proxy_delay`, told.get('proxy_delay') ?? '')
}

function address(line: string, verb: string, words: readonly string[]): Act | undefined {
  const [cidr = '', ...rest] = words
  const told = pairsOf(rest, ['dev', 'scope'], ['noprefixroute'])
  const [it, length] = cidr.split('/')
  if (!told || it === undefined || length === undefined || (told.get('scope') ?? 'host') !== 'host') return undefined
  const scope = told.has('scope') ? SCOPE.host : SCOPE.universe
  const value = bytesOf(it)
  const attributes = [
    attribute(IFA.local, value),
    attribute(IFA.address, value),
    ...(told.has('noprefixroute') ? [attribute(IFA.flags, u32(IFA_F_NOPREFIXROUTE))] : []),
  ]
  const how = { add: flags.create | flags.exclusive, replace: flags.create | flags.replace }[verb]
  return (route) => {
    const header = [u8(familyOf(it)), u8(Number(length)), u8(0), u8(scope), u32(indexOf(told.get('dev') ?? ''))]
    const payload = Buffer.concat([...header, ...attributes])
    route.change(line, how === undefined ? RTM.delAddress : RTM.newAddress, how ?? 0, payload)
  }
}

function routeChange(line: string, verb: string, words: readonly string[]): Act | undefined {
  const [first = ''] = words
  const named = first === 'unreachable' || first === 'blackhole' ? first : undefined
  const [to = '', ...rest] = named ? words.slice(1) : words
  const told = pairsOf(rest, ['via', 'dev', 'metric', 'table', 'proto'], ['onlink'])
  if (!told) return undefined
  const isDeleted = verb === 'del'
  const via = told.get('via')
  const [network = '', length] = to === 'default' ? ['0.0.0.0', '0'] : to.split('/')
  const family = familyOf(network)
  const table = Number(told.get('table') ?? MAIN_TABLE)
  const kind = ROUTE_KIND[named ?? (isDeleted ? 'none' : 'unicast')]
  const scope = isDeleted ? SCOPE.nowhere : named || via !== undefined ? SCOPE.universe : SCOPE.link
  const bits = Number(length ?? (family === AF.inet6 ? 128 : 32))
  const header = Buffer.concat([
    ...[family, bits, 0, 0, table < 256 ? table : 0, Number(told.get('proto') ?? (isDeleted ? 0 : 3)), scope, kind].map(
      u8,
    ),
    u32(told.has('onlink') ? RTNH_F_ONLINK : 0),
  ])
  return (route) => {
    const dev = told.get('dev')
    const attributes = [
      ...(bits > 0 ? [attribute(RTA.destination, bytesOf(network))] : []),
      ...(via === undefined ? [] : [attribute(RTA.gateway, bytesOf(via))]),
      ...(dev === undefined ? [] : [attribute(RTA.device, u32(indexOf(dev)))]),
      ...(told.has('metric') ? [attribute(RTA.priority, u32(Number(told.get('metric'))))] : []),
      ...(table < 256 ? [] : [attribute(RTA.table, u32(table))]),
    ]
    const payload = Buffer.concat([header, ...attributes])
    if (isDeleted) route.change(line, RTM.delRoute, 0, payload)
    else route.change(line, RTM.newRoute, flags.create | flags.replace, payload)
  }
}

function neighbour(line: string, verb: string, words: readonly string[]): Act | undefined {
  const [it = '', ...rest] = words
  const told = pairsOf(rest, ['lladdr', 'dev', 'nud'])
  if (!told || (told.get('nud') ?? 'permanent') !== 'permanent') return undefined
  const mac = told.get('lladdr')
  const attributes = [
    attribute(NDA.destination, bytesOf(it)),
    ...(mac === undefined ? [] : [attribute(NDA.linkAddress, macOf(mac))]),
  ]
  return (route) => {
    const header = neighbourHeader(familyOf(it), indexOf(told.get('dev') ?? ''), 0)
    const payload = Buffer.concat([header, ...attributes])
    changeNeighbour(route, line, verb, payload)
  }
}

/** Where on the overlay a MAC is. */
function forwarding(line: string, verb: string, words: readonly string[]): Act | undefined {
  const [mac = '', ...rest] = words
  const told = pairsOf(rest, ['dev', 'dst'], ['self', 'permanent'])
  if (told?.size !== 4) return undefined
  return (route) => {
    const header = neighbourHeader(AF.bridge, indexOf(told.get('dev') ?? ''), NTF_SELF)
    const attributes = [
      attribute(NDA.linkAddress, macOf(mac)),
      attribute(NDA.destination, bytesOf(told.get('dst') ?? '')),
    ]
    changeNeighbour(route, line, verb, Buffer.concat([header, ...attributes]))
  }
}

function changeNeighbour(route: Rtnetlink, line: string, verb: string, payload: Buffer): void {
  if (verb === 'del') removeNeighbour(route, line, payload)
  else route.change(line, RTM.newNeighbour, flags.create | flags.replace, payload)
}

/** One that was there when it was looked for may be gone by itself: the kernel forgets neighbours. */
function removeNeighbour(route: Rtnetlink, line: string, payload: Buffer): void {
  try {
    route.change(line, RTM.delNeighbour, 0, payload)
  } catch (error) {
    if (!(error instanceof KernelError && error.code === ENOENT)) throw error
  }
}

function rule(line: string, verb: string, words: readonly string[], version: 4 | 6): Act | undefined {
  const told = pairsOf(words, ['priority', 'fwmark', 'lookup'])
  const table = told?.get('lookup')
  if (!told || table === undefined) return undefined
  const number = table === 'main' ? MAIN_TABLE : Number(table)
  const family = version === 6 ? AF.inet6 : AF.inet
  const header = [family, 0, 0, 0, number < 256 ? number : 0, 0, 0, FR_ACT_TO_TBL].map(u8)
  const mark = told.get('fwmark')
  const payload = Buffer.concat([
    ...header,
    u32(0),
    attribute(FRA.priority, u32(Number(told.get('priority')))),
    ...(mark === undefined ? [] : [attribute(FRA.mark, u32(Number(mark)))]),
    ...(number < 256 ? [] : [attribute(FRA.table, u32(number))]),
  ])
  return (route) =>
    verb === 'del'
      ? route.change(line, RTM.delRule, 0, payload)
      : route.change(line, RTM.newRule, flags.create | flags.exclusive, payload)
}

/** `struct ifinfomsg`. */
function linkHeader(index: number, up = false): Buffer {
  return Buffer.concat([u32(0), u32(index), u32(up ? IFF_UP : 0), u32(up ? IFF_UP : 0)])
}

/** `struct ndmsg`. */
function neighbourHeader(family: number, index: number, flagged: number): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt8(family, 0)
  header.writeUInt32LE(index, 4)
  header.writeUInt16LE(NUD_PERMANENT, 8)
  header.writeUInt8(flagged, 10)
  return header
}

/** Source: errno(3). */
const [ENOENT, ENODEV] = [2, 19]

function indexOf(device: string): number {
  const index = libc().if_nametoindex(device)
  if (index === 0) throw new KernelError(`there is no ${device}`, ENODEV)
  return index
}

function familyOf(address: string): number {
  return isSix(address) ? AF.inet6 : AF.inet
}

function bytesOf(address: string): Buffer {
  return Buffer.from(ipaddr.parse(address).toByteArray())
}

function macOf(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex')
}
