/** `cumulet doctor`: each thing this machine should have, really tried; and what it costs where it is missing. */
import { statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { Fault, messageOf } from '../base/fault.ts'
import { bootTrial } from '../drivers/hypervisor/qemu/accelerator.ts'
import { everyController, openControlGroups } from '../drivers/hypervisor/qemu/cgroup.ts'
import { probeNetwork } from '../drivers/network/linux/probe.ts'
import type { Paths } from './settings.ts'

interface Finding {
  readonly what: string
  readonly ok: boolean
  /** What is there, or what its absence costs. */
  readonly note: string
  /** Without it no guest runs. */
  readonly vital?: boolean
}

/** Prints a line for each finding. 1 if something vital is missing. */
export async function doctor(paths: Paths, say: (text: string) => void, abort: AbortSignal): Promise<number> {
  const findings = (await Promise.all([machine(paths), accelerator(abort), limits(), network(abort)])).flat()
  for (const { what, ok, note } of findings) say(`${ok ? '✓' : '✗'} ${what.padEnd(22)} ${note}`)
  const missing = findings.filter((it) => !it.ok && it.vital)
  say(
    missing.length === 0
      ? 'Guests can run here.'
      : 'Without these no guest runs; the API alone does: npm start -- --hypervisor fake',
  )
  return missing.length === 0 ? 0 : 1
}

/** Refuses a machine on which no guest could run, with everything that it lacks. Boots nothing: the accelerator is tried apart. */
export async function requireMachine(paths: Paths, abort: AbortSignal): Promise<void> {
  const findings = (await Promise.all([machine(paths), network(abort)])).flat()
  const missing = findings.filter((it) => !it.ok && it.vital)
  if (missing.length === 0) return
  const lines = missing.map(({ what, note }) => `  ${what}: ${note}`)
  throw new Fault(
    `No guest can run on this machine:\n${lines.join('\n')}\nThe API alone can: npm start -- --hypervisor fake`,
  )
}

const leastFreeGiB = 2
const leastMemoryGiB = 2

async function machine(paths: Paths): Promise<Finding[]> {
  const folder = await statfs(paths.data).catch(() => statfs('/')) // The data directory may not be there yet.
  const freeGiB = (folder.bavail * folder.bsize) / 2 ** 30
  const memoryGiB = totalmem() / 2 ** 30
  return [
    { what: 'Linux', ok: process.platform === 'linux', note: `${process.platform} ${process.arch}`, vital: true },
    { what: 'root', ok: process.getuid?.() === 0, note: 'namespaces, taps and rules need it', vital: true },
    {
      what: 'disk',
      ok: freeGiB >= leastFreeGiB,
      note: `${freeGiB.toFixed(0)} GiB free; ${leastFreeGiB} are the least`,
      vital: true,
    },
    { what: 'memory', ok: memoryGiB >= leastMemoryGiB, note: `${memoryGiB.toFixed(0)} GiB` },
  ]
}

async function accelerator(abort: AbortSignal): Promise<Finding[]> {
  try {
    const { accelerator: found, why } = await bootTrial(abort)
    const slow = 'guests run about ten times slower than they could'
    return [
      { what: 'trial boot', ok: true, note: `a guest booted with ${found}`, vital: true },
      { what: 'KVM', ok: found === 'kvm', note: found === 'kvm' ? 'works' : `${slow}. ${why}` },
    ]
  } catch (error) {
    return [{ what: 'trial boot', ok: false, note: messageOf(error), vital: true }]
  }
}

const limited = { cpu: 'processor time', memory: 'memory', pids: 'numbers of processes' } as const

async function limits(): Promise<Finding[]> {
  const { limits: found, controllers } = await openControlGroups()
  const free = everyController.filter((it) => !controllers.includes(it)).map((it) => limited[it])
  const version = found === 'none' ? 'not writable' : `version ${found.slice(1)}`
  const note =
    free.length === 0 ? version : `${version}: nothing holds guests back from ${free.join(' and ')} of others`
  return [{ what: 'control groups', ok: free.length === 0, note }]
}

async function network(abort: AbortSignal): Promise<Finding[]> {
  return (await probeNetwork(abort)).map(({ feature, ok, costs }) => ({
    what: feature,
    ok,
    note: ok ? 'works' : costs,
    vital: true,
  }))
}
