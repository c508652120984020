/** Numbers of rtnetlink, as far as they are used. Source: Linux, include/uapi/linux/rtnetlink.h, if_link.h, neighbour.h, fib_rules.h, if_tun.h. */

export const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  delNeighbour: 29,
  getNeighbour: 30,
  newRule: 32,
  delRule: 33,
  getRule: 34,
} as const

export const AF = { unspecified: 0, inet: 2, bridge: 7, inet6: 10 } as const

export const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  linkInfo: 18,
  alias: 20,
  stats64: 23,
  group: 27,
  namespaceFd: 28,
} as const
export const LINK_INFO = { kind: 1, data: 2 } as const
export const VXLAN = { id: 1, local: 4, learning: 7, port: 15 } as const
export const VETH_PEER = 1
export const TUN_OWNER = 1
export const IFF_UP = 1

export const IFA = { address: 1, local: 2, flags: 8 } as const
export const IFA_F_NOPREFIXROUTE = 0x200

export const RTA = { destination: 1, device: 4, gateway: 5, priority: 6, table: 15 } as const
export const RTNH_F_ONLINK = 4
export const ROUTE_KIND = { none: 0, unicast: 1, blackhole: 6, unreachable: 7 } as const
export const SCOPE = { universe: 0, link: 253, host: 254, nowhere: 255 } as const
export const MAIN_TABLE = 254

export const NDA = { destination: 1, linkAddress: 2 } as const
export const NUD_PERMANENT = 0x80
export const NTF_SELF = 2

export const FRA = { priority: 6, mark: 10, table: 15 } as const
export const FR_ACT_TO_TBL = 1

export const TUNSETPERSIST = 0x4004_54cb
export const TUNSETOWNER = 0x4004_54cc
