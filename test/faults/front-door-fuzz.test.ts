import { expect, test, vi } from 'vitest'
import { type Log, silentLog } from '../../src/base/log.ts'
import { longLived, openDoor } from '../contract/loopback-door.ts'
import { fuzzFrontDoor } from './front-door-fuzz.ts'

vi.setConfig({ testTimeout: 120_000 })

test.each(['one', 'two'])('nothing that is sent breaks, hangs or confuses the front door (seed %s)', async (seed) => {
  const errors: unknown[] = []
  const log: Log = { ...silentLog, error: (fields: unknown) => void errors.push(fields), child: () => log }
  await using door = await openDoor({ log, maxBodyBytes: 100_000 })
  const { statuses } = await fuzzFrontDoor(door.port, seed, 400, { credentials: longLived })
  expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['200', '400', '401', '404', '405', '413', '431']))
  expect(errors).toEqual([])
  expect(door.asked.length).toBeGreaterThan(0)
})

test('without a key nothing of it reaches the application', async () => {
  await using door = await openDoor()
  await fuzzFrontDoor(door.port, 'three', 200)
  expect(door.asked).toEqual([])
})
