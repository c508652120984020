import type { DropReason } from '../../../host-api/drops.ts'
import type { Chain, NamedSet } from './ruleset.ts'

/** What each table counts; frames that reach neither, the tap counts itself. */
export const reasonsOf = {
  inet: ['source', 'neighbour', 'dhcp', 'options', 'router'],
  arp: ['arp'],
} as const satisfies Record<string, readonly DropReason[]>

export type Family = keyof typeof reasonsOf

/** The set of taps that counts, for each, what the guest behind it sent and lost for this reason. It bears the name of its chain. */
export function lost(reason: DropReason): string {
  return `lost-${reason}`
}

/** The rule that counts and drops what `match` describes; everything, if it is left out. */
export function drop(reason: DropReason, match = ''): string {
  return match === '' ? `goto ${lost(reason)}` : `${match} goto ${lost(reason)}`
}

/** Where packets end that are counted: whoever is found in a set is counted there. Source: nft(8), SETS, `counter`. */
export function lostChains(family: Family): Record<string, Chain> {
  return Object.fromEntries(reasonsOf[family].map((it) => [lost(it), { rules: [`iifname @${lost(it)} drop`, 'drop'] }]))
}

export function lostSets(taps: readonly string[], family: Family): Record<string, NamedSet> {
  const elements = taps.map((it) => `"${it}"`)
  return Object.fromEntries(
    reasonsOf[family].map((it) => [lost(it), { kind: 'set', type: 'type ifname; counter;', elements }]),
  )
}
