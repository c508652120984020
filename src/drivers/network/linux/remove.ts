import type { Namespace } from '../../../base/network-namespace.ts'
import { readKernelState } from './kernel-state.ts'
import { tapGroup } from './links.ts'
import { isWire } from './names.ts'
import { deleteNamespace, ipBatch, namespaceExists } from './namespace.ts'

/**
 * Removes a router's namespace, if it is there. Its links go first: a namespace lives as long as a process is in it or has a tap
 * of it open, and even then nothing shall pass any more.
 */
export async function removeNamespace(namespace: string, abort: AbortSignal): Promise<void> {
  if (namespaceExists(namespace)) {
    const links = [...readKernelState(namespace).links.values()]
    const taps = links.some((it) => it.owner !== undefined && it.alias !== '') ? [`link del group ${tapGroup}`] : []
    for (const it of links.filter(({ name }) => isWire(name))) await removeWire(namespace, it.name, abort)
    const others = links
      .filter((it) => it.owner === undefined && it.name !== 'lo' && !isWire(it.name))
      .map((it) => `link del dev ${it.name}`)
    await ipBatch(namespace, [...taps, ...others], abort)
  }
  deleteNamespace(namespace)
}

/** Removes an end of a wire, and with it the other one, wherever that is: whoever is there may be quicker. */
export async function removeWire(namespace: Namespace, name: string, abort: AbortSignal): Promise<void> {
  try {
    await ipBatch(namespace, [`link del dev ${name}`], abort)
  } catch (cause) {
    if (readKernelState(namespace).links.has(name)) throw cause
  }
}
