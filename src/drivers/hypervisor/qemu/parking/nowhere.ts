/** Taps that lead nowhere, for machines that are nobody: in a namespace of their own, of which the same offers as of a router's. */
import { exists } from '../../../../base/files.ts'
import { run } from '../../../../base/subprocess.ts'
import type { TapPoint } from '../../../network/driver.ts'

/** Makes the namespace too, where there is none. */
export async function makeTap({ namespace, tap }: TapPoint, user: number): Promise<void> {
  if (!(await exists(`/run/netns/${namespace}`))) await run('ip', ['netns', 'add', namespace])
  await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap', 'user', `${user}`])
}

/** With all the taps in it. */
export async function dropNamespace(namespace: string): Promise<void> {
  if (await exists(`/run/netns/${namespace}`)) await run('ip', ['netns', 'del', namespace])
}
