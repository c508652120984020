import type { WireId } from '../../../host-api/spec.ts'
import type { VpcId } from '../../../model/ids.ts'
import { readKernelState } from './kernel-state.ts'
import { peerWireName } from './names.ts'
import { ipBatch, makeNamespace, setSysctls } from './namespace.ts'
import { routerSysctls } from './sysctls.ts'
import { wireMac } from './table-links.ts'

/**
 * Makes the wire between the routers of two VPCs on this host, unless it is there: both ends in one step, and down. Each router
 * takes up its own end once its rules are in force. A router that is not there yet begins with this.
 */
export async function makePeerWire(
  id: WireId,
  { here, there }: { readonly here: VpcId; readonly there: VpcId },
  namespaceOf: (vpc: VpcId) => string,
  abort: AbortSignal,
): Promise<void> {
  const name = peerWireName(id)
  const [near, far] = [namespaceOf(here), namespaceOf(there)]
  if (readKernelState(near).links.has(name)) return
  makeNamespace(far)
  setSysctls(far, routerSysctls)
  const other = `peer name ${name} netns ${far} address ${wireMac(there, here)}`
  await ipBatch(near, [`link add ${name} address ${wireMac(here, there)} mtu 1500 type veth ${other} mtu 1500`], abort)
}
