import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { openFakeHypervisor } from '../drivers/hypervisor/fake/fake.ts'
import { FakeNetwork } from '../drivers/network/fake/fake.ts'
import { FakeStorage } from '../drivers/storage/fake/fake.ts'
import { FakeVolumes } from '../drivers/volumes/fake/fake.ts'
import { down, endGuestsOf } from './down.ts'
import type { Progress } from './progress.ts'
import { hostsOf, type Paths, pathsOf, settle } from './settings.ts'

const quiet: Progress = { say: () => {}, step: (_label, work) => work(() => {}) }

test('after it nothing is left of the hosts', async () => {
  const { paths, home } = await cloudWithHost()
  await down({ paths, graceMs: 0, progress: quiet }, new AbortController().signal)
  await expect(access(home)).rejects.toThrow()
})

test('cut off before it has forgotten the guests, it leaves no spec by which they would start anew', async () => {
  const { paths, home } = await cloudWithHost()
  const cut = AbortSignal.abort(new Error('cut off'))
  await expect(down({ paths, graceMs: 0, progress: quiet }, cut)).rejects.toThrow('cut off')
  await access(join(home, 'domains.json'))
  await expect(access(join(home, 'spec.json'))).rejects.toThrow()
})

test('a machine that does not hear the button is ended all the same', async () => {
  const forgotten: string[] = []
  const dom_1 = { id: 'dom_1', state: 'running', startedAt: '2026-01-01T00:00:00Z', reboots: 0, vifs: [] } as const
  const hypervisor = Object.assign(openFakeHypervisor({ clock: systemClock }), {
    list: async () => (forgotten.includes('dom_1') ? [] : [dom_1]),
    pressButton: () => Promise.reject(new Error('QEMU did not answer')),
    forget: async (id: string) => void forgotten.push(id),
  })
  const others = { network: new FakeNetwork(), storage: new FakeStorage(), volumes: new FakeVolumes() }
  await endGuestsOf({ hypervisor, ...others }, 0, new AbortController().signal)
  expect(forgotten).toEqual(['dom_1'])
})

async function cloudWithHost(): Promise<{ paths: Paths; home: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-down-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const paths = pathsOf(folder)
  const [host] = hostsOf(await settle(paths, { hypervisor: 'fake', memoryMiB: 8192 }))
  const home = paths.host(host!.id) // a cloud has a host
  await mkdir(home, { recursive: true })
  await mkdir(paths.run, { recursive: true })
  await writeFile(join(home, 'domains.json'), '[]')
  await writeFile(join(home, 'spec.json'), '{}')
  return { paths, home }
}
