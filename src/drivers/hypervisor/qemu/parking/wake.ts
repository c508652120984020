import { createHash } from 'node:crypto'
import { closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Fault } from '../../../../base/fault.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { firstFd } from '../../../qemu/launch.ts'
import type { Copied, DomainWiring } from '../../driver.ts'
import { type BootOptions, bootDomain, type Ground } from '../boot.ts'
import type { Domain } from '../domain.ts'
import { plugNic } from '../nics.ts'
import { beSomebody, nobody, stateOf } from './identity.ts'
import { anonymousFile } from './memory.ts'
import { loadState } from './migration.ts'

export const stateFd = firstFd + 2

/**
 * Starts a domain as a copy of a parked machine: with its memory, its state, another identity, and what NICs it has beside the first.
 * The guest goes on when it finds that it was told who it is. Throws as `bootDomain` does.
 */
export async function wakeDomain(
  ground: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  { machine, identity: page }: Copied,
  options: Omit<BootOptions, 'parking'>,
): Promise<Domain> {
  const [first] = spec.vifs
  if (!first) throw new Fault(`${spec.id} has no NIC`)
  const { uuid, instance } = spec
  const identity = { uuid, instance, mac: first.mac, page, boot: bootIdFrom(page) }
  const [state, said] = await Promise.all([readFile(machine.state), readFile(machine.console, 'latin1')])
  const its = anonymousFile(stateOf(state, machine.marks.state, identity))
  try {
    const parking = {
      role: 'wake',
      files: [machine.memory, its],
      console: consoleOf(said, uuid),
      prepare: async (way, pid) => {
        await loadState(way, stateFd)
        await beSomebody(pid, { ...machine.marks, boot: machine.boot }, identity)
        for (const [index, vif] of spec.vifs.entries())
          if (index > 0) await plugNic(way.qmp, vif, { tap: wiring.taps[index]!, from: 'inside' }, way.abort) // Counted before.
      },
    } satisfies BootOptions['parking']
    return await bootDomain(ground, spec, wiring, { ...options, parking })
  } finally {
    closeSync(its)
  }
}

/** What a parked machine has said, as if another had. */
export function consoleOf(said: string, uuid: string): Buffer {
  return Buffer.from(said.replaceAll(nobody.uuid, uuid), 'latin1')
}

/** As unlike others as the seed that the page begins with, of which it tells nothing. In the form of the kernel's own: RFC 9562, 5.4. */
export function bootIdFrom(page: string): string {
  const id = createHash('sha256').update(`boot ${page}`).digest().subarray(0, 16)
  id[6] = (id[6]! & 0x0f) | 0x40 // It has 16 bytes.
  id[8] = (id[8]! & 0x3f) | 0x80
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
