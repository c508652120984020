import { placeNamespace } from '../linux/names.ts'
import type { BoxConfig, MachineLink } from './layout.ts'

/** One namespace of the box, and what it holds when all is up. `lines` are for `ip -batch` and may be repeated. */
export interface Place {
  readonly namespace: string
  readonly sysctls: Readonly<Record<string, number>>
  readonly lines: readonly string[]
  /** Tables of nftables, loaded whole. */
  readonly tables?: readonly string[]
}

/** A pair of virtual Ethernet devices, named by its end in `namespace`; the other end may be the machine itself. */
export interface Cable {
  readonly namespace: string
  readonly device: string
  readonly mtu: number
  readonly peer: { readonly namespace: string | undefined; readonly device: string }
}

/** Where IPv6 is, every address is given. */
const speaking = {
  'net.ipv6.conf.all.addr_gen_mode': 1,
  'net.ipv6.conf.default.addr_gen_mode': 1,
  'net.ipv6.conf.all.accept_ra': 0,
  'net.ipv6.conf.default.accept_ra': 0,
  'net.ipv6.conf.default.accept_dad': 0,
  'net.ipv6.conf.default.dad_transmits': 0,
  'net.ipv6.conf.all.disable_ipv6': 0,
}

const silent = { 'net.ipv6.conf.all.disable_ipv6': 1, 'net.ipv6.conf.default.disable_ipv6': 1 }

/** Every namespace of the box. */
export function places(config: BoxConfig): Place[] {
  return [fabric(config), edge(config), internet(config), ...config.hosts.map((it) => host(config, it))]
}

/** Every cable of the box: what is plugged in where. */
export function cables(config: BoxConfig): Cable[] {
  const at = (place: string) => placeNamespace(config.cloud, place)
  const fabricEnds = [...config.hosts, { host: 'edge', underlayAddress: config.edgeAddress }]
  const machine = config.machine === 'off' ? [] : [config.machine]
  return [
    ...fabricEnds.map((it) => ({
      namespace: at(it.host),
      device: 'underlay',
      mtu: config.underlayMtu,
      peer: { namespace: at('fabric'), device: portName(it.underlayAddress) },
    })),
    { namespace: at('edge'), device: 'internet', mtu: 1500, peer: { namespace: at('internet'), device: 'edge' } },
    ...machine.map((it) => ({
      namespace: at('edge'),
      device: 'machine',
      mtu: 1500,
      peer: { namespace: it.namespace, device: machineDevice(config.cloud) },
    })),
  ]
}

/** The one thing that the box puts into the machine's own namespace. */
export function machineDevice(cloud: string): string {
  return `${cloud}-edge`
}

/** What the machine needs to reach public addresses. */
export function machineLines(config: BoxConfig, link: MachineLink): string[] {
  const device = machineDevice(config.cloud)
  return [
    `link set dev ${device} addrgenmode none`,
    `addr replace ${link.machine}/${lengthOf(link.network)} dev ${device}`,
    `link set dev ${device} up`,
    `route replace ${config.publicPool} via ${link.edge} dev ${device}`,
  ]
}

function fabric(config: BoxConfig): Place {
  const ports = [...config.hosts.map((it) => it.underlayAddress), config.edgeAddress].map(portName)
  return {
    namespace: placeNamespace(config.cloud, 'fabric'),
    sysctls: silent,
    lines: [
      ...ports.flatMap((it) => [`link set dev ${it} mtu ${config.underlayMtu} master bridge up`]),
      `link set dev bridge mtu ${config.underlayMtu} up`,
    ],
  }
}

function host(config: BoxConfig, { host: name, underlayAddress }: BoxConfig['hosts'][number]): Place {
  return {
    namespace: placeNamespace(config.cloud, name),
    sysctls: silent,
    lines: ['link set dev lo up', ...attach('underlay', underlayAddress, config.underlay, config.underlayMtu)],
  }
}

function edge(config: BoxConfig): Place {
  const { machine } = config
  return {
    namespace: placeNamespace(config.cloud, 'edge'),
    sysctls: {
      ...speaking,
      'net.ipv6.conf.all.forwarding': 1,
      'net.ipv4.ip_forward': 1,
      'net.ipv4.conf.all.send_redirects': 0,
      'net.ipv4.conf.default.send_redirects': 0,
    },
    lines: [
      'link set dev lo up',
      // The kernel signs what it sends to a VPC's router with the first address that it finds: this one.
      `addr replace ${config.internet.edge}/32 dev lo`,
      ...attach('underlay', config.edgeAddress, config.underlay, config.underlayMtu),
      ...attach('internet', config.internet.edge, config.internet.network),
      ...attach6('internet', config.internet6.edge, config.internet6.network, 1),
      ...(machine === 'off' ? [] : attach('machine', machine.edge, machine.network)),
      `route replace default via ${config.internet.client} dev internet`,
      // What no router of a VPC claims is nobody's: without this it would go back to where it came from.
      `route replace unreachable ${config.publicPool} metric 4294967295`,
      `route replace ::/0 via ${config.internet6.client} dev internet`,
      `route replace unreachable ${config.pool6} metric 4294967295`,
    ],
    tables: edgeTables(config.publicPool, config.pool6),
  }
}

function internet(config: BoxConfig): Place {
  const { client, network, edge: via } = config.internet
  const six = config.internet6
  return {
    namespace: placeNamespace(config.cloud, 'internet'),
    sysctls: speaking,
    lines: [
      'link set dev lo up',
      ...attach('edge', client, network),
      `route replace ${config.publicPool} via ${via} dev edge`,
      ...attach6('edge', six.client, six.network, 2),
      `route replace ${config.pool6} via ${six.edge} dev edge`,
    ],
  }
}

/**
 * The edge carries packets between its outer sides and the VPCs' routers, and nothing to or from the underlay: a guest
 * that could send to a host's VXLAN socket could write into any network. To the machine go only answers. Guests reach
 * nothing of the edge itself.
 */
function edgeTables(pool: string, pool6: string): string[] {
  return [
    'add table inet box',
    'delete table inet box',
    `table inet box {
      chain input {
        type filter hook input priority 0; policy drop;
        iifname "lo" accept
        ct state established,related accept
        iifname "v*" drop
        iifname "underlay" udp dport 4789 accept
        icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept
        icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept
      }
      chain forward {
        type filter hook forward priority 0; policy drop;
        ct state invalid drop
        iifname "underlay" drop
        oifname "underlay" drop
        oifname "machine" ct state established,related accept
        oifname "machine" drop
        iifname { "internet", "machine" } ip daddr ${pool} accept
        iifname "v*" ip saddr ${pool} accept
        iifname "internet" ip6 daddr ${pool6} accept
        iifname "v*" ip6 saddr ${pool6} accept
        iifname "v*" icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
      }
    }`,
  ]
}

function attach(device: string, address: string, network: string, mtu = 1500): string[] {
  return [`addr replace ${address}/${lengthOf(network)} dev ${device}`, `link set dev ${device} mtu ${mtu} up`]
}

/** Who asks for a neighbour on behalf of others does so by its link-local address. Source: Linux, net/ipv6/ndisc.c. */
function attach6(device: string, address: string, network: string, end: 1 | 2): string[] {
  return [`addr replace fe80::${end}/64 dev ${device}`, ...attach(device, address, network)]
}

/** A port of the fabric is named by the underlay address behind it, in hexadecimal. */
function portName(address: string): string {
  const bytes = address.split('.').map((it) => Number(it).toString(16).padStart(2, '0'))
  return `p${bytes.join('')}`
}

function lengthOf(network: string): string {
  return network.split('/')[1] ?? '32'
}
