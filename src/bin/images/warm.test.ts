import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import type { HttpResponse } from '../../http/exchange.ts'
import { listen } from '../../http/server.ts'
import type { Progress } from '../progress.ts'
import { recordProcess } from '../running.ts'
import { type Choices, type Paths, pathsOf, settle } from '../settings.ts'
import { warmImage } from './warm.ts'

const image = 'ami-00000000000000001'
const never = new AbortController().signal
let said: string[]
let asked: string[]
let answers: HttpResponse[]
const progress: Progress = {
  say: (text) => void said.push(text),
  step: (label, work) => {
    said.push(label)
    return work(() => {})
  },
}

beforeEach(() => {
  said = []
  asked = []
  answers = []
})

async function cloudWith(choices: Choices = { hypervisor: 'qemu' }, runs = true): Promise<Paths> {
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-warm-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const paths = pathsOf(folder)
  await settle(paths, { memoryMiB: 8192, ...choices })
  if (!runs) return paths
  const control = await listen(
    async ({ method, path, query }) => {
      asked.push(`${method} ${path}?${query}`)
      return answers.shift()!
    },
    { host: '127.0.0.1', port: 0, clock: systemClock, random: seededRandom('control'), log: silentLog },
  )
  onTestFinished(() => control.close())
  await mkdir(paths.run, { recursive: true })
  await recordProcess(paths.controlState, { endpoint: control.url })
  return paths
}

const told = (...warmed: unknown[]): HttpResponse => ({ status: 200, body: JSON.stringify(warmed) })

test('each machine tells what it made, for each type', async () => {
  const paths = await cloudWith()
  const others = { hosts: ['c1'], outcome: 'there' }
  answers = [told({ hosts: ['a1', 'b1'], outcome: 'made' }, others), told(others)]
  await warmImage(paths, { image, types: ['m1.small', 'm1.large', 'm1.small'] }, progress, never)
  expect(asked).toEqual(['m1.small', 'm1.large'].map((it) => `POST /cumulet/parked/${image}?type=${it}`))
  const there = 'c1: was parked already'
  expect(said).toEqual([`${image} m1.small`, 'a1, b1: parked', there, `${image} m1.large`, there])
})

test('the type is the one that launches have, and files that are on their way are waited for', async () => {
  const paths = await cloudWith()
  answers = [{ status: 202, body: '' }, told({ hosts: ['a1'], outcome: 'made' })]
  await warmImage(paths, { image }, progress, never)
  expect(asked).toEqual(Array(2).fill(`POST /cumulet/parked/${image}?type=m1.small`))
})

test('what did not park is a failure, which does not hide what did', async () => {
  const paths = await cloudWith()
  answers = [told({ hosts: ['a1'], outcome: 'made' }, { hosts: ['b1', 'c1'], failure: 'the agent is gone' })]
  await expect(warmImage(paths, { image }, progress, never)).rejects.toThrow('b1, c1: the agent is gone')
  expect(said).toContain('a1: parked')
  answers = [told()]
  await expect(warmImage(paths, { image }, progress, never)).rejects.toThrow('there is no host')
  answers = [{ status: 400, body: 'The image does not exist\n' }]
  await expect(warmImage(paths, { image }, progress, never)).rejects.toThrow(/^The image does not exist$/)
})

test('no type of which there is none, no cloud that does not run or boots nothing', async () => {
  const asks = (paths: Paths, ...types: string[]) => warmImage(paths, { image, types }, progress, never)
  await expect(asks(await cloudWith(), 'm1.small', 'm1.tiny')).rejects.toThrow('no instance type m1.tiny')
  await expect(asks(await cloudWith({ hypervisor: 'qemu' }, false), 'm1.small')).rejects.toThrow('does not run')
  await expect(asks(await cloudWith({ hypervisor: 'fake' }), 'm1.small')).rejects.toThrow('the fake one')
  expect(asked).toEqual([])
})
