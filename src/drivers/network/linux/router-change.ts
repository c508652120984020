/** From what this process made last to what is wanted now, without asking the kernel what there is. */
import type { Namespace } from '../../../base/network-namespace.ts'
import type { KernelState, Link } from './kernel-state.ts'
import { linkChanges, type Tap, type Wanted } from './links.ts'
import { ipBatch } from './namespace.ts'

/** Nothing is started where nothing differs. Where it fails, nobody knows what there is: all is to be made as if it were new. */
export async function changeLinksOf(
  namespace: Namespace,
  { before, after, fetched = [] }: { before: Wanted; after: Wanted; fetched?: readonly Link[] },
  abort: AbortSignal,
) {
  const made = asMade(before)
  const links = new Map([...made.links, ...fetched.map((it) => [it.name, it] as const)])
  const changes = linkChanges({ ...made, links }, after)
  await ipBatch(namespace, changes.prepare, abort)
  await ipBatch(namespace, changes.ip, abort)
  await ipBatch(namespace, changes.ip6, abort, 6)
  await ipBatch(namespace, changes.finish, abort)
}

/** As the kernel would tell it. */
function asMade({ taps, ...rest }: Wanted): KernelState {
  return { ...rest, six: true, links: new Map(taps.map((it) => [it.name, madeLink(it)])) }
}

function madeLink(tap: Tap): Link {
  return { ...tap, up: true }
}
