import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { systemClock } from '../../../base/clock.ts'
import { admit, openControlGroups, removeGroups } from './cgroup.ts'

const groups = await openControlGroups()
/** What is over the limit may be put there instead. */
const swaps = readFileSync('/proc/swaps', 'utf8').trimEnd().split('\n').length > 1

/** How a process ends that takes 200 MiB, in a group that may take `memoryMiB`. */
async function end(memoryMiB: number): Promise<unknown> {
  const limits = { cpuCores: 2, cpuWeight: 100, memoryMiB, processes: 16 }
  const folders = await groups.create(`test-${randomInt(1e9)}`, limits)
  try {
    // One line without an end: tail keeps all of it. It waits for a word, so that it takes nothing before it is in the group.
    const child = spawn('sh', ['-c', 'read go; head -c 209715200 /dev/zero | exec tail -n 1 | wc -c'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    admit(child.pid!, folders) // it runs
    child.stdin.end('go\n')
    const [said] = (await Promise.all([once(child.stdout, 'data'), once(child, 'exit')]))[0] as [Buffer]
    return Number(said.toString())
  } finally {
    await removeGroups(folders, systemClock)
  }
}

it.runIf(groups.controllers.includes('memory') && !swaps)(
  'ends what takes more memory than it may, and nothing else',
  async () => {
    expect(await end(64)).toBe(0)
    expect(await end(512)).toBe(209715200)
  },
)
