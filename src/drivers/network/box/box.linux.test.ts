import { mkdir, rm } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { run } from '../../../base/subprocess.ts'
import { stateDirectory } from '../linux/names.ts'
import { listNamespaces } from '../linux/namespace.ts'
import { inspect, lower, raise } from './box.ts'
import { type BoxConfig, usualBox } from './layout.ts'

const never = new AbortController().signal
let machine: string
let box: BoxConfig

beforeEach(async () => {
  const random = Math.random().toString(36).slice(2, 9)
  machine = `machine${random}`
  await run('ip', ['netns', 'add', machine])
  const link = { network: '192.0.2.0/30', edge: '192.0.2.2', machine: '192.0.2.1', namespace: machine }
  box = usualBox(`b${random}`, ['east-1', 'west-1'], { machine: link })
})
afterEach(async () => {
  await lower(box.cloud, never, machine)
  await run('ip', ['netns', 'delete', machine])
})

const inside = (place: string, ...argv: string[]) => run('nsenter', [`--net=/run/netns/${place}`, ...argv])
const at = (place: string) => `${box.cloud}-${place}`

it('raises hosts that reach each other over the underlay, in packets large enough for guests of 9001', async () => {
  await raise(box, never)
  const [one, two] = box.hosts.map((it) => it.underlayAddress)
  await inside(at('east-1'), 'ping', '-c1', '-W2', '-M', 'do', '-s', '9023', two!)
  await inside(at('edge'), 'ping', '-c1', '-W2', one!)
  expect((await inspect(box)).missing).toEqual([])
})

it('keeps underlay and outside apart', async () => {
  await raise(box, never)
  await inside(at('internet'), 'ip', 'route', 'add', box.underlay, 'via', box.internet.edge)
  await inside(at('east-1'), 'ip', 'route', 'add', 'default', 'via', box.edgeAddress)
  await expect(inside(at('internet'), 'ping', '-c1', '-W1', box.hosts[0]!.underlayAddress)).rejects.toThrow()
  await expect(inside(at('east-1'), 'ping', '-c1', '-W1', box.internet.client)).rejects.toThrow()
  await inside(at('internet'), 'ping', '-c1', '-W2', box.internet.edge)
})

it('touches one link and one route of the machine, and takes them away again', async () => {
  const look = async () => [
    await inside(machine, 'ip', 'link'),
    await inside(machine, 'ip', 'route', 'show', 'table', 'all'),
  ]
  const before = await look()
  await raise(box, never)
  expect(await inside(machine, 'ip', 'route')).toContain(`${box.publicPool} via 192.0.2.2 dev ${at('edge')}`)
  expect(await inside(machine, 'ip', '-6', 'addr', 'show', 'dev', at('edge'))).toBe('')
  await lower(box.cloud, never, machine)
  expect(await look()).toEqual(before)
})

it('does not take a route that is somebody else’s', async () => {
  await inside(machine, 'ip', 'route', 'add', 'unreachable', box.publicPool)
  await expect(raise(box, never)).rejects.toThrow(/already routed/)
  expect(await inside(machine, 'ip', 'route', 'show', 'exact', box.publicPool)).toContain('unreachable')
})

it('can be raised again, with one host more, and while half of it is there', async () => {
  await raise(box, never)
  await raise(box, never)
  await run('ip', ['-n', at('east-1'), 'link', 'del', 'underlay'])
  await run('ip', ['netns', 'delete', at('internet')])
  const { missing } = await inspect(box)
  expect(missing).toContain(at('internet'))
  expect(missing).toContain(`${at('east-1')}/underlay`)
  const larger = usualBox(box.cloud, ['east-1', 'west-1', 'west-2'], { machine: box.machine })
  await raise(larger, never)
  expect((await inspect(larger)).missing).toEqual([])
  await inside(at('west-2'), 'ping', '-c1', '-W2', box.hosts[0]!.underlayAddress)
})

it('replaces a cable of which one end is there alone, as after a namespace was deleted', async () => {
  await raise(box, never)
  await run('ip', ['-n', at('internet'), 'link', 'set', 'edge', 'netns', at('fabric')])
  await run('ip', ['-n', at('east-1'), 'link', 'set', 'underlay', 'netns', at('internet')])
  await raise(box, never)
  expect((await inspect(box)).missing).toEqual([])
  await inside(at('internet'), 'ping', '-c1', '-W2', box.internet.edge)
  await inside(at('west-1'), 'ping', '-c1', '-W2', box.hosts[0]!.underlayAddress)
})

it('is finished by the next who raises it, wherever it stopped', async () => {
  for (const afterMs of [5, 20, 60, 120]) {
    await raise(box, AbortSignal.timeout(afterMs)).catch(() => undefined)
    await raise(box, never)
    expect((await inspect(box)).missing).toEqual([])
    await lower(box.cloud, never, machine)
  }
})

it('lowers what is its own and nothing that looks alike', async () => {
  const alike = [`${at('other')}`, `${box.cloud}2-edge`, `${at('east-12')}`]
  for (const it of alike) await run('ip', ['netns', 'add', it])
  try {
    await raise(box, never)
    await lower(box.cloud, never, machine)
    const left = (await listNamespaces()).filter((it) => it.startsWith(box.cloud))
    expect(left.sort()).toEqual(alike.sort())
  } finally {
    for (const it of alike) await run('ip', ['netns', 'delete', it])
  }
})

it('lowers where nothing is, leaves no file, and leaves other files of the cloud alone', async () => {
  await lower(box.cloud, never, machine)
  await raise(box, never)
  await lower(box.cloud, never, machine)
  await expect(run('ls', [`/run/${box.cloud}`])).rejects.toThrow()
  const other = `/run/${box.cloud}/other`
  await mkdir(other, { recursive: true })
  try {
    await raise(box, never)
    await lower(box.cloud, never, machine)
    await expect(run('ls', [stateDirectory(box.cloud)])).rejects.toThrow()
    expect(await run('ls', [other])).toBe('')
  } finally {
    await rm(`/run/${box.cloud}`, { recursive: true })
  }
})
