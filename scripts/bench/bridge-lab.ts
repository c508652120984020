import { join } from 'node:path'
import { Lab, labGuests } from '../../src/images/testing/lab.ts'
import { type BareMachine, bareArguments, makeDisk } from './bare-guest.ts'
import { banners, patienceFor } from './stages.ts'

/** The floor of guests' networks: two QEMUs on a bare bridge, and no rules. Both answer SSH. */
export async function openBridgeLab(machine: BareMachine, abort: AbortSignal): Promise<Lab> {
  await using opened = new AsyncDisposableStack()
  const lab = opened.use(await Lab.open((key) => ({ 'meta-data/public-keys/0/openssh-key': key }), 'bridge'))
  for (const index of [0, 1] as const) {
    const files = { disk: join(lab.folder, `disk${index}`), console: join(lab.folder, `console${index}`) }
    await makeDisk(machine, files.disk)
    lab.start('qemu-system-x86_64', bareArguments(machine, lab.namespace, files, index))
  }
  const addresses = labGuests.map((it) => it.address)
  await banners(lab.namespace, addresses, patienceFor(addresses.length, abort))
  opened.move()
  return lab
}
