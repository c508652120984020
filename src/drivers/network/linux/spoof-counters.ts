import type { DropReason } from '../../../host-api/drops.ts'
import type { Chain, NamedSet } from './ruleset.ts'

/** What each table counts; frames that reach neither, the tap counts itself. */
const reasonsOf = {
  inet: ['source', 'neighbour', 'dhcp', 'options', 'router'],
  arp: ['arp'],
} as const satisfies Record<string, readonly DropReason[]>

type Family = keyof typeof reasonsOf

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
    reasonsOf[family].map((it) => [`lost-${it}`, { rules: [`counter name iifname map @lost-${it}`, 'drop'] }]),
  )
}

export function countersOf(vifs: readonly OnTap[], family: Family): string[] {
  return reasonsOf[family].flatMap((reason) => vifs.map((it) => dropCounter(reason, it.tap)))
}

/** From a tap to its counters. */
export function spoofMaps(vifs: readonly OnTap[], family: Family): Record<string, NamedSet> {
  const map = (reason: DropReason): NamedSet => ({
    kind: 'map',
    type: 'type ifname : counter;',
    elements: vifs.map((it) => `"${it.tap}" : "${dropCounter(reason, it.tap)}"`),
  })
  return Object.fromEntries(reasonsOf[family].map((it) => [`lost-${it}`, map(it)]))
}
