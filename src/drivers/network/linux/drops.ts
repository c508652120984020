import { type DropReason, dropReasons, type VifDrops } from '../../../host-api/drops.ts'
import { type InterfaceId, isId, type VpcId } from '../../../model/ids.ts'
import { runNft } from './kernel/nft.ts'
import { tapName } from './names.ts'
import { runIn } from './namespace.ts'
import { type Family, lost, reasonsOf } from './spoof-counters.ts'

/** Reads the counters of every tap in the router's namespace: of nftables, and of the taps themselves. */
export async function readDrops(namespace: string, vpc: VpcId, abort: AbortSignal): Promise<VifDrops[]> {
  const links = await readLinks(namespace, abort)
  const counted = new Map([...readCounters(namespace, 'inet'), ...readCounters(namespace, 'arp')])
  return links.flatMap(({ vif, packets: atLink }) =>
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

interface LinkJson {
  readonly ifalias?: string
  readonly stats64: { readonly rx: { readonly dropped: number; readonly otherhost?: number } }
}

/** The tap drops what no protocol takes, and what is for another host. Source: Linux, net/core/dev.c; iproute2, `ip -s -s`. */
async function readLinks(namespace: string, abort: AbortSignal): Promise<{ vif: InterfaceId; packets: number }[]> {
  const out = await runIn(namespace, ['ip', '-json', '-s', '-s', 'link', 'show'], { abort })
  return (JSON.parse(out) as LinkJson[]).flatMap(({ ifalias = '', stats64: { rx } }) =>
    isId('network-interface', ifalias) ? [{ vif: ifalias, packets: rx.dropped + (rx.otherhost ?? 0) }] : [],
  )
}
