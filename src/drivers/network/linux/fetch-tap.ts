import { libc } from '../../../base/libc.ts'
import { inside } from '../../../base/network-namespace.ts'
import type { TapPoint } from '../driver.ts'
import { runIp } from './kernel/ip.ts'
import type { Link } from './kernel-state.ts'
import { routerMac } from './names.ts'
import { namespaceExists } from './namespace.ts'

/**
 * Brings a tap, and the process that has it open, to where the router has its taps. It comes without addresses and is down: what holds
 * for it is made before it is up. It takes the place of one that was made for nobody. Nothing where it is not there any more: it has come, or
 * gone.
 */
export function fetchTap(from: TapPoint, to: TapPoint, owner: number): Link | undefined {
  if (!namespaceExists(from.namespace)) return undefined
  if (!isThere(from)) return undefined
  if (isThere(to)) runIp(to.namespace, [`link del dev ${to.tap}`])
  runIp(from.namespace, [`link set dev ${from.tap} netns ${to.namespace} name ${to.tap}`])
  runIp(to.namespace, [`link set dev ${to.tap} address ${routerMac}`])
  return { name: to.tap, alias: '', mac: routerMac, mtu: 0, up: false, owner }
}

function isThere({ namespace, tap }: TapPoint): boolean {
  return inside(namespace, () => libc().if_nametoindex(tap)) !== 0
}
