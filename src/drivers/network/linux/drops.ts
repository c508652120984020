import { inside } from '../../../base/network-namespace.ts'
import { type DropReason, dropReasons, type VifDrops } from '../../../host-api/drops.ts'
import { type InterfaceId, isId, type VpcId } from '../../../model/ids.ts'
import { attributesOf, Rtnetlink, textOf } from './kernel/netlink.ts'
import { runNft } from './kernel/nft.ts'
import { IFLA, RTM } from './kernel/rtnetlink-numbers.ts'
import { tapName } from './names.ts'
import { type Family, lost, reasonsOf } from './spoof-counters.ts'

/** Reads the counters of every tap in the router's namespace: of nftables, and of the taps themselves. */
export function readDrops(namespace: string, vpc: VpcId): VifDrops[] {
  const counted = new Map([...readCounters(namespace, 'inet'), ...readCounters(namespace, 'arp')])
  return readTaps(namespace).flatMap(({ vif, packets: atLink }) =>
    dropReasons.map((reason) => {
      const packets = reason === 'link' ? atLink : (counted.get(reason)?.get(tapName(vif)) ?? 0)
      return { vpc, vif, reason, packets }
    }),
  )
}

interface SetsJson {
  readonly nftables: readonly {
    readonly set?: { readonly elem?: readonly { readonly elem: { val: string; counter: { packets: number } } }[] }
  }[]
}

type Counters = ReadonlyMap<DropReason, ReadonlyMap<string, number>>

/** For each reason, by tap. */
function readCounters(namespace: string, family: Family): Counters {
  return new Map(
    reasonsOf[family].map((reason) => {
      const said = runNft(namespace, `list set ${family} router ${lost(reason)}`, { json: true })
      const elements = (JSON.parse(said) as SetsJson).nftables.flatMap(({ set }) => set?.elem ?? [])
      return [reason, new Map(elements.map(({ elem }) => [elem.val, elem.counter.packets]))]
    }),
  )
}

/** What taps themselves dropped: what no protocol takes, and what is for another host. Source: Linux, net/core/dev.c; `struct rtnl_link_stats64`. */
function readTaps(namespace: string): { vif: InterfaceId; packets: number }[] {
  return inside(namespace, () => {
    using route = new Rtnetlink()
    return route.dump(RTM.getLink, Buffer.alloc(linkHeaderBytes)).flatMap((it) => {
      const attributes = attributesOf(it, linkHeaderBytes)
      const vif = textOf(attributes.get(IFLA.alias) ?? Buffer.alloc(0))
      const stats = attributes.get(IFLA.stats64) ?? Buffer.alloc(0)
      const packets = [rxDropped, rxOtherHost].map((index) => counterAt(stats, index)).reduce((a, b) => a + b)
      return isId('network-interface', vif) ? [{ vif, packets }] : []
    })
  })
}

const linkHeaderBytes = 16
const rxDropped = 6
const rxOtherHost = 24

/** Older kernels have fewer. */
function counterAt(stats: Buffer, index: number): number {
  return stats.length >= 8 * (index + 1) ? Number(stats.readBigUInt64LE(8 * index)) : 0
}
