/** What a guest sent in vain, as its host counted it since its vif was made. */
import type { InterfaceId, VpcId } from '../model/ids.ts'

/**
 * Why it was dropped:
 * - `source`: it came from an address or MAC that is not the vif's own.
 * - `arp`, `neighbour`: it claimed an address of another by ARP or ND, or was a router's advertisement or redirect.
 * - `dhcp`: an answer of a DHCP server, or a request for another MAC.
 * - `options`: it had IP options, or extension headers.
 * - `router`: it was for the router itself, where nothing listens for guests.
 * - `link`: it had a VLAN tag, was of another protocol than IP, or for another MAC than the router's.
 */
export const dropReasons = ['source', 'arp', 'neighbour', 'dhcp', 'options', 'router', 'link'] as const
export type DropReason = (typeof dropReasons)[number]

export interface VifDrops {
  readonly vpc: VpcId
  readonly vif: InterfaceId
  readonly reason: DropReason
  readonly packets: number
}
