import { afterEach, beforeEach, expect, it } from 'vitest'
import { run } from '../../../base/subprocess.ts'
import { userOfStandby } from '../../../model/domain-user.ts'
import { Heirs } from '../../heirs.ts'
import { readKernelState } from './kernel-state.ts'
import type { Guest } from './testing/guest.ts'
import { router, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

const user = userOfStandby(5)
let world: World
let heirs: Heirs
let nowhere: string
let standing: Guest

beforeEach(async () => {
  world = await World.raise()
  heirs = new Heirs()
  nowhere = `${world.box.cloud}-by`
  await run('ip', ['netns', 'add', nowhere])
  await run('ip', ['-n', nowhere, 'tuntap', 'add', 'dev', 'sb-1', 'mode', 'tap', 'user', `${user}`])
  standing = await world.guest({ namespace: nowhere, tap: 'sb-1' }, vif(2).mac)
  heirs.add('dom_2', { user, tap: { namespace: nowhere, tap: 'sb-1' }, vif: vifId(2) })
})
afterEach(async () => {
  await world[Symbol.asyncDispose]()
  await run('ip', ['netns', 'del', nowhere])
})

it('a router that is new takes in the tap that a guest has open already, and the guest is at home there', async () => {
  const net = world.driver('h1', heirs)
  await net.program(router([vif(2)]), never)
  await isAtHome(net)
})

it('so does one that is there; the next process finds all as it shall be, and a tap that came before stays', async () => {
  const net = world.driver('h1', heirs)
  await net.program(router([vif(1)]), never)
  await net.program(router([vif(1), vif(2)]), never)
  await isAtHome(net)
  await world.driver('h1', heirs).program(router([vif(1), vif(2)]), never)
  expect(await standing.can('ping', '-c1', '-W2', '172.31.0.1')).toBe(true)
})

it('takes it in where a process before has made another for the same vif', async () => {
  await world.driver('h1').program(router([vif(2)]), never)
  const net = world.driver('h1', heirs)
  await net.program(router([vif(2)]), never)
  await isAtHome(net)
})

it('makes a tap of the same owner where there is none to be taken in', async () => {
  await run('ip', ['-n', nowhere, 'link', 'del', 'sb-1'])
  const net = world.driver('h1', heirs)
  await net.program(router([vif(2)]), never)
  const { namespace, tap } = net.tapOf(vpc, vifId(2))
  expect(readKernelState(namespace).links.get(tap)).toMatchObject({ owner: user, up: true })
})

async function isAtHome(net: ReturnType<World['driver']>): Promise<void> {
  const { namespace, tap } = net.tapOf(vpc, vifId(2))
  expect(readKernelState(namespace).links.get(tap)).toMatchObject({ owner: user, alias: vifId(2), up: true })
  expect([...readKernelState(nowhere).links.keys()]).toEqual(['lo'])
  expect(await standing.dhcp()).toMatchObject({ ip: '172.31.0.11' })
  expect(await standing.can('ping', '-c1', '-W2', '172.31.0.1')).toBe(true)
}
