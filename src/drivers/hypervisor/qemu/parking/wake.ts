import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { firstFd } from '../../../qemu/launch.ts'
import type { DomainWiring, ParkedMachine } from '../../driver.ts'
import { type BootOptions, bootDomain, type Ground } from '../boot.ts'
import type { Domain } from '../domain.ts'
import { plugNic } from '../nics.ts'
import { beSomebody, nobody } from './identity.ts'
import { loadState } from './migration.ts'

const stateFd = firstFd + 2

/**
 * Starts a domain as a copy of a parked machine: with its memory, its state, another identity, and NICs of its own. The guest sees them
 * come, and takes it as the sign to go on. Throws as `bootDomain` does.
 */
export async function wakeDomain(
  ground: Ground,
  spec: DomainSpec,
  wiring: DomainWiring,
  { memory, state, console, marks }: ParkedMachine,
  options: Omit<BootOptions, 'parking'>,
): Promise<Domain> {
  const file = openSync(state, 'r')
  try {
    const parking = {
      role: 'wake',
      files: [memory, file],
      console: Buffer.from((await readFile(console, 'latin1')).replaceAll(nobody.uuid, spec.uuid), 'latin1'),
      prepare: async (way, pid) => {
        await loadState(way, stateFd)
        await beSomebody(pid, marks, spec)
        for (const [index, vif] of spec.vifs.entries()) await plugNic(way.qmp, vif, wiring.taps[index]!, way.abort) // Counted before.
      },
    } satisfies BootOptions['parking']
    return await bootDomain(ground, spec, wiring, { ...options, parking })
  } finally {
    closeSync(file)
  }
}
