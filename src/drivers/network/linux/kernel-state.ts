import { runQuickly } from '../../../base/launcher.ts'
import { alone } from './ipv6.ts'
import { type Address, isOurPriority, type Neighbour, type Route, type Rule } from './links.ts'
import { type Namespace, selector } from './namespace.ts'

/** What a namespace holds: links by name, and the addresses, routes and neighbours that can be ours. */
export interface KernelState {
  readonly links: ReadonlyMap<string, Link>
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly Neighbour[]
  readonly rules: readonly Rule[]
  /** It knows IPv6. */
  readonly six: boolean
}

export interface Link {
  readonly name: string
  readonly alias: string
  readonly mac: string
  readonly mtu: number
  readonly up: boolean
  /** Taps: numeric id of the user who may open it. */
  readonly owner?: number
  /** VXLAN devices. */
  readonly vxlan?: { readonly vni: number; readonly local: string }
}

/** Routes of this driver bear this number, and it touches no others. Guess: unassigned in iproute2's rt_protos. */
export const routeProtocol = 199

/** Reads the namespace in one process; its rules for IPv6, where it knows any, in another. */
export async function readKernelState(namespace: Namespace, abort: AbortSignal): Promise<KernelState> {
  const stdin = `addr show\nroute show table all proto ${routeProtocol}\nneigh show nud permanent\nrule show\n`
  const out = await runQuickly('ip', [...selector(namespace), '-details', '-json', '-batch', '-'], { stdin, abort })
  const [links = '[]', routes = '[]', neighbours = '[]', rules = '[]'] = out.split('\n').filter((it) => it !== '')
  const state = kernelState(JSON.parse(links), JSON.parse(routes), JSON.parse(neighbours), JSON.parse(rules))
  return state.six ? { ...state, rules: [...state.rules, ...(await readRules6(namespace, abort))] } : state
}

async function readRules6(namespace: Namespace, abort: AbortSignal): Promise<Rule[]> {
  const out = await runQuickly('ip', [...selector(namespace), '-6', '-json', 'rule', 'show'], { abort })
  return ourRules(JSON.parse(out || '[]')).map((it) => ({ ...it, six: true }))
}

/** What `ip -details -json` prints, as far as it is read here. Source: iproute2 6.1, ipaddress.c, iproute.c, ipneigh.c. */
export interface LinkJson {
  readonly ifname: string
  readonly ifalias?: string
  readonly address?: string
  readonly mtu: number
  readonly flags: readonly string[]
  readonly linkinfo?: { readonly info_data?: { readonly user?: number; readonly id?: number; readonly local?: string } }
  readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[]
}

interface RouteJson {
  readonly type?: string
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  /** A number, or a name where it has one: `main`. */
  readonly table?: string
  /** Of IPv6 alone. */
  readonly pref?: string
}

interface RuleJson {
  readonly priority: number
  readonly fwmark?: string
  readonly table?: string
}

interface NeighbourJson {
  readonly dst: string
  readonly dev: string
  readonly lladdr?: string
}

function kernelState(
  links: LinkJson[],
  routes: RouteJson[],
  neighbours: NeighbourJson[],
  rules: RuleJson[],
): KernelState {
  return {
    links: new Map(links.map((it) => [it.ifname, link(it)])),
    addresses: links.flatMap((it) =>
      it.addr_info
        .filter(({ local }) => !local.startsWith('127.') && local !== '::1')
        .map(({ local, prefixlen }) => ({ dev: it.ifname, address: `${local}/${prefixlen}` })),
    ),
    routes: routes.map(route),
    neighbours: neighbours.map((it) => ({ dev: it.dev, address: it.dst, mac: it.lladdr ?? '' })),
    rules: ourRules(rules),
    six: links.some((it) => it.addr_info.some(({ local }) => local === '::1')),
  }
}

function link(it: LinkJson): Link {
  const { user, id, local } = it.linkinfo?.info_data ?? {}
  return {
    name: it.ifname,
    alias: it.ifalias ?? '',
    mac: it.address ?? '',
    mtu: it.mtu,
    up: it.flags.includes('UP'),
    ...(user !== undefined && { owner: user }),
    ...(id !== undefined && local !== undefined && { vxlan: { vni: id, local } }),
  }
}

function route(it: RouteJson): Route {
  const everything = it.pref === undefined ? '0.0.0.0/0' : '::/0'
  const to = it.dst === 'default' ? everything : it.dst.includes('/') ? it.dst : alone(it.dst)
  const table = it.table === undefined || it.table === 'main' ? {} : { table: Number(it.table) }
  if (it.type === 'unreachable' || it.type === 'blackhole') return { to, kind: it.type, ...table }
  const { gateway: via, dev = '' } = it
  return { to, kind: 'unicast', dev, ...(via !== undefined && { via }), ...table }
}

function ourRules(rules: readonly RuleJson[]): Rule[] {
  return rules.filter((it) => isOurPriority(it.priority)).map(rule)
}

function rule({ priority, fwmark, table }: RuleJson): Rule {
  return {
    priority,
    ...(fwmark !== undefined && { mark: Number(fwmark) }),
    table: table === 'main' ? 'main' : Number(table),
  }
}
