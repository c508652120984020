import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../../base/clock.ts'
import { silentLog } from '../../../base/log.ts'
import { sendKill } from '../../../base/process.ts'
import { seededRandom } from '../../../base/random.ts'
import type { SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { VolumeDriver } from '../driver.ts'
import { Keyring } from './keys.ts'
import { readRecord, type ServerRecord } from './records.ts'
import { SnapshotStore } from './snapshots.ts'
import { NbdClient } from './testing/nbd.ts'
import { openQemuVolumes } from './volumes.ts'

const never = new AbortController().signal
const volume: VolumeId = 'vol-0000000000000000d'
const copy: VolumeId = 'vol-0000000000000000e'
const rounds = Number(process.env.CUMULET_DEATHS ?? 6)
const to = { domains: ['dom_1'], limits: { operations: 100_000, bytes: 2 ** 30 } } as const

test('whatever dies while numbers are written, each that was acknowledged is there, and snapshots hold a prefix', {
  timeout: 60_000 + rounds * 10_000,
}, async () => {
  const seed = process.env.VITEST_SEED ?? String(Date.now())
  console.log(`deaths: seed ${seed}, ${rounds} rounds`)
  const random = seededRandom(seed)
  const data = await mkdtemp(join(tmpdir(), 'deaths-'))
  await chmod(data, 0o711)
  const volumes = join(data, 'volumes')
  const keys = new Keyring(join(data, 'keys'))
  const store = new SnapshotStore({ folder: join(data, 'snapshots'), volumes, keys })
  const open = () =>
    openQemuVolumes({ host: 'a1', volumes, store, keys, images: data, clock: systemClock, log: silentLog })
  let driver = await open()
  let written = 0
  try {
    await driver.create({ id: volume, sizeMiB: 64 }, never)
    await driver.serve(volume, to, never)
    const way = driver.connection('a1', volume, 'dom_1')
    for (let round = 0; round < rounds; round++) {
      const end = new AbortController()
      const writing = writeOn(
        way,
        () => written,
        (number) => (written = number),
        end.signal,
      )
      await delay(random.bytes(1)[0]!)
      const id = `snap-${String(round).padStart(17, '0')}` as SnapshotId
      const [least, frozen] = [written, driver.freeze(volume, id, never)]
      if (random.bytes(1)[0]! % 2 === 0) sendKill(serverOf(volumes)!) // Perhaps in the middle of it.
      await frozen.catch(async () => {
        await serveSoon(driver)
        await driver.freeze(volume, id, never)
      })
      const most = written + 1
      await delay(random.bytes(1)[0]! / 4)
      const process = serverOf(volumes)
      if (process) sendKill(process)
      await driver[Symbol.asyncDispose]()
      driver = await open()
      await serveSoon(driver)
      await delay(50)
      end.abort()
      await writing
      expect(await countServed(driver, way)).toBeGreaterThanOrEqual(written)
      await driver.keep({ id, of: { kind: 'volume', volume } }, never)
      await driver.create({ id: copy, sizeMiB: 64, from: id }, never)
      await driver.serve(copy, to, never)
      const held = await countOf(driver.connection('a1', copy, 'dom_1'))
      expect(held).toBeGreaterThanOrEqual(least)
      expect(held).toBeLessThanOrEqual(most)
      await driver.remove(copy, never)
    }
    console.log(`deaths: ${written} numbers were acknowledged, and are there`)
    expect(written).toBeGreaterThan(rounds)
  } finally {
    await driver.remove(volume, never)
    await driver.remove(copy, never)
    await driver[Symbol.asyncDispose]()
    await rm(data, { recursive: true, force: true })
  }
})

/** As an agent does: a server that was killed may hold its lock a moment longer than it is there, and nobody else may write then. */
async function serveSoon(driver: VolumeDriver): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await driver.serve(volume, to, never)
    } catch (error) {
      if (attempt === 20) throw error
      await delay(50)
    }
  }
}

/** As an agent does: one that was still dying when it was found is served again once that is seen. */
async function countServed(driver: VolumeDriver, way: Way): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await countOf(way)
    } catch (error) {
      if (attempt === 20) throw error
      await serveSoon(driver)
    }
  }
}

interface Way {
  readonly socket: string
  readonly export: string
}

/** Writes one number after another, connecting again whenever it is hung up on, as QEMU does. */
async function writeOn(
  way: Way,
  last: () => number,
  acknowledged: (number: number) => void,
  end: AbortSignal,
): Promise<void> {
  while (!end.aborted) {
    try {
      const client = await NbdClient.open(way.socket, way.export)
      try {
        while (!end.aborted) {
          const next = last() + 1
          await client.write(next)
          acknowledged(next)
        }
      } finally {
        client.close()
      }
    } catch {
      await delay(2) // The server has died: it comes again.
    }
  }
}

/** How many numbers there are, from 1 on, without a gap. */
async function countOf(way: Way): Promise<number> {
  const client = await NbdClient.open(way.socket, way.export)
  try {
    for (let number = 1; ; number++) if ((await client.read(number)) !== number) return number - 1
  } finally {
    client.close()
  }
}

function serverOf(volumes: string) {
  return readRecord<ServerRecord>(join(volumes, 'a1', volume, 'server.json'))?.process
}
