import type { Chain, NamedSet } from './ruleset.ts'

/**
 * What a guest may send in vain, by why it is dropped. Each vif has a counter of each:
 * - `source`: from an address or MAC that is not its own.
 * - `arp`, `neighbour`: claims to an address of another, by ARP or ND; router advertisements and redirects.
 * - `dhcp`: answers of a DHCP server, requests for another MAC.
 * - `options`: IP options, extension headers.
 * - `router`: to the router itself, where nothing listens for guests.
 */
export const dropReasons = { inet: ['source', 'neighbour', 'dhcp', 'options', 'router'], arp: ['arp'] } as const

type Family = keyof typeof dropReasons
export type DropReason = (typeof dropReasons)[Family][number]

interface OnTap {
  readonly tap: string
}

/** Counts what the guest behind `tap` sent and lost for this reason. */
export function dropCounter(reason: DropReason, tap: string): string {
  return `${reason}-${tap}`
}

/** The rule that counts and drops what `match` describes; everything, if it is left out. */
export function drop(reason: DropReason, match = ''): string {
  return match === '' ? `goto lost-${reason}` : `${match} goto lost-${reason}`
}

/** Where packets end that are counted. */
export function lostChains(family: Family): Record<string, Chain> {
  return Object.fromEntries(
    dropReasons[family].map((it) => [`lost-${it}`, { rules: [`counter name iifname map @lost-${it}`, 'drop'] }]),
  )
}

export function countersOf(vifs: readonly OnTap[], family: Family): string[] {
  return dropReasons[family].flatMap((reason) => vifs.map((it) => dropCounter(reason, it.tap)))
}

/** From a tap to its counters. */
export function spoofMaps(vifs: readonly OnTap[], family: Family): Record<string, NamedSet> {
  const map = (reason: DropReason): NamedSet => ({
    kind: 'map',
    type: 'type ifname : counter;',
    elements: vifs.map((it) => `"${it.tap}" : "${dropCounter(reason, it.tap)}"`),
  })
  return Object.fromEntries(dropReasons[family].map((it) => [`lost-${it}`, map(it)]))
}
