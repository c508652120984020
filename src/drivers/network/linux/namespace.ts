import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { systemCode } from '../../../base/fault.ts'
import { runQuickly } from '../../../base/launcher.ts'
import { directory, inside, makeInside, type Namespace, removeName } from '../../../base/network-namespace.ts'
import type { RunOptions } from '../../../base/subprocess.ts'
import { isKnown, runIp } from './kernel/ip.ts'
import { runNft } from './kernel/nft.ts'

/** Every name in the directory of network namespaces, of half-made ones too. */
export async function listNamespaces(): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return []
    throw cause
  }
}

/**
 * Whether there is a namespace of this name. A process that died while it made or removed one leaves a plain file.
 * Source: Linux, include/uapi/linux/magic.h, NSFS_MAGIC.
 */
export function namespaceExists(namespace: string): boolean {
  try {
    return statfsSync(`${directory}/${namespace}`).type === 0x6e736673
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false
    throw cause
  }
}

/** Makes the namespace if there is none. */
export function makeNamespace(namespace: string): void {
  if (namespaceExists(namespace)) return
  rmSync(`${directory}/${namespace}`, { force: true })
  makeInside(namespace)
}

/** Removes the name, and with it the namespace unless a process is in it. */
export function deleteNamespace(namespace: string): void {
  if (namespaceExists(namespace)) removeName(namespace)
  else rmSync(`${directory}/${namespace}`, { force: true })
}

/** Runs a command inside. Unlike `ip netns exec` this mounts nothing, so it is quick. */
export function runIn(
  namespace: Namespace,
  argv: readonly string[],
  options: Pick<RunOptions, 'stdin' | 'abort'>,
): Promise<string> {
  const [command = '', ...args] = namespace ? ['nsenter', `--net=${directory}/${namespace}`, ...argv] : argv
  return runQuickly(command, args, options)
}

/** Carries out lines of `ip` in order; stops at the first that fails. Lines that do not show it are IPv4's. */
export async function ipBatch(
  namespace: Namespace,
  lines: readonly string[],
  abort: AbortSignal,
  version: 4 | 6 = 4,
): Promise<void> {
  abort.throwIfAborted()
  if (isKnown(lines)) return runIp(namespace, lines, version)
  const command = [...selector(namespace), '-batch', '-']
  await runQuickly('ip', command, { stdin: `${lines.join('\n')}\n`, abort })
}

/** Sets the namespace's own values of /proc/sys/net. What this kernel does not have is passed over. */
export function setSysctls(namespace: string, values: Readonly<Record<string, number>>): void {
  inside(namespace, () => {
    for (const [name, value] of Object.entries(values)) setSysctl(`/proc/sys/${name.replaceAll('.', '/')}`, value)
  })
}

function setSysctl(file: string, value: number): void {
  try {
    writeFileSync(file, `${value}`)
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause
  }
}

/** Carries out commands of nft in one transaction: all of them or none. Throws `NftError`. */
export function nftTransaction(namespace: string, lines: readonly string[]): void {
  runNft(namespace, `${lines.join('\n')}\n`)
}

/** `-n NAMESPACE`, where one is meant: `ip` goes there by itself. */
export function selector(namespace: Namespace): string[] {
  return namespace === undefined ? [] : ['-n', namespace]
}
