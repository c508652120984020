/**
 * The agents of a cloud whose networks are real and whose guests are not: what a rule has to come through on its way into the
 * kernel. Started with an IPC channel; told the box, it says when it has dialled, and ends at SIGTERM.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { openFakeHypervisor } from '../../src/drivers/hypervisor/fake/fake.ts'
import type { BoxConfig } from '../../src/drivers/network/box/layout.ts'
import { hostPlace } from '../../src/drivers/network/box/layout.ts'
import { LinuxNetwork } from '../../src/drivers/network/linux/driver.ts'
import { keepLink } from '../../src/host/link.ts'
import { openSpecFile } from '../../src/host/spec-file.ts'
import { FakeHost } from '../../src/host/testing.ts'

export interface AgentsJob {
  readonly socket: string
  readonly folder: string
  readonly box: BoxConfig
  /** All hosts of the cloud; those that the box does not have are given a network of fakes. */
  readonly hosts: readonly string[]
}

const capacity = { memoryMiB: 2 ** 30, cores: 1024, diskGiB: 2 ** 20, accelerator: 'none' } as const
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

const [{ socket, folder, box, hosts }] = (await once(process, 'message')) as [AgentsJob]
await using open = new AsyncDisposableStack()
const agents = []
for (const id of hosts) {
  const host = new FakeHost(id)
  open.defer(() => host.stop())
  const isReal = box.hosts.some((it) => it.host === id)
  agents.push(
    await host.start({
      clock: systemClock,
      hypervisor: open.use(openFakeHypervisor({ clock: systemClock, world: host.guests })),
      specFile: openSpecFile(join(folder, id, 'spec.json')),
      ...(isReal && {
        network: open.use(new LinuxNetwork({ cloud: box.cloud, host: id, underlay: hostPlace(box, id) })),
      }),
    }),
  )
}
process.send?.('up')
const capacities = new Map(hosts.map((it) => [it, capacity]))
await keepLink({ socket, agents, capacities, clock: systemClock, log: silentLog }, stop.signal)
await open.disposeAsync()
process.exit()
