import { readKernelState } from './kernel-state.ts'
import { tapGroup } from './links.ts'
import { deleteNamespace, ipBatch, namespaceExists } from './namespace.ts'

/**
 * Removes a router's namespace, if it is there. Its links go first: a namespace lives as long as a process is in it or has a tap
 * of it open, and even then nothing shall pass any more.
 */
export async function removeNamespace(namespace: string, abort: AbortSignal): Promise<void> {
  if (await namespaceExists(namespace)) {
    const links = [...(await readKernelState(namespace, abort)).links.values()]
    const taps = links.some((it) => it.owner !== undefined && it.alias !== '') ? [`link del group ${tapGroup}`] : []
    const others = links
      .filter((it) => it.owner === undefined && it.name !== 'lo')
      .map((it) => `link del dev ${it.name}`)
    await ipBatch(namespace, [...taps, ...others], abort)
  }
  await deleteNamespace(namespace, abort)
}
