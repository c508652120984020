import { dropReasons, type VifDrops } from '../../../host-api/drops.ts'
import { type InterfaceId, isId, type VpcId } from '../../../model/ids.ts'
import { runNft } from './kernel/nft.ts'
import { tapName } from './names.ts'
import { runIn } from './namespace.ts'
import { dropCounter } from './spoof-counters.ts'

/** Reads the counters of every tap in the router's namespace: of nftables, and of the taps themselves. */
export async function readDrops(namespace: string, vpc: VpcId, abort: AbortSignal): Promise<VifDrops[]> {
  const links = await readLinks(namespace, abort)
  const counters = readCounters(namespace)
  return links.flatMap(({ vif, packets: atLink }) =>
    dropReasons.map((reason) => {
      const counted = reason === 'link' ? atLink : counters.get(dropCounter(reason, tapName(vif)))
      return { vpc, vif, reason, packets: counted ?? 0 }
    }),
  )
}

interface CountersJson {
  readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[]
}

function readCounters(namespace: string): ReadonlyMap<string, number> {
  const { nftables } = JSON.parse(runNft(namespace, 'list counters', { json: true })) as CountersJson
  return new Map(nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets] as const] : [])))
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
