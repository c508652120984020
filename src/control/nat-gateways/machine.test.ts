import { expect, test } from 'vitest'
import { FakeClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import { openStore } from '../../store/open.ts'
import { Engine } from '../../strand/engine.ts'
import { bind } from '../../strand/machine.ts'
import { allocateElastic } from '../addresses/elastic.ts'
import { makeSubnet } from '../subnets/make.ts'
import { makeVpc } from '../vpcs/make.ts'
import { natMachine } from './machine.ts'
import { makeNat } from './make.ts'

const cloud = {
  region: 'us-west-2',
  zones: ['a'],
  dns: { publicSuffix: 'compute.amazonaws.com', privateSuffix: 'compute.internal' },
  scale: 8,
  ecuPerCore: 1,
  pool6: '2001:db8:1000::/40',
  publicPool: { first: '203.0.113.10', last: '203.0.113.20' },
  endpoint: 'http://127.0.0.1:8773',
} as const

test('one in a VPC without internet gateway fails, and gives its address back', async () => {
  const [clock, random] = [new FakeClock(), seededRandom('nat')]
  const store = await openStore(':memory:')
  const around = { cloud, now: clock.now(), random }
  await store.transact(async (tx) => {
    await tx.db.insertInto('accounts').values({ id: '111122223333', name: 'alice', createdAt: 0 }).execute()
    const vpc = await makeVpc(tx, { account: '111122223333', cidr: '10.0.0.0/16', isDefault: false }, around)
    const subnet = await makeSubnet(tx, vpc, { cidr: '10.0.0.0/24', zone: 'us-west-2a', isDefault: false }, random)
    await makeNat(tx, subnet, await allocateElastic(tx, '111122223333', undefined, around), {}, around)
  })
  const engine = new Engine({ store, machines: [bind(natMachine, {})], clock, random, log: silentLog })
  await engine.start()
  const nat = () => store.read(({ db }) => db.selectFrom('natGateways').selectAll().executeTakeFirst())
  await expect.poll(async () => (await nat())?.state).toBe('failed')
  const left = await store.read(({ db }) => db.selectFrom('interfaces').select('id').execute())
  const [address] = await store.read(({ db }) => db.selectFrom('addresses').selectAll().execute())
  expect(left).toEqual([])
  expect(address?.associationId).toBeNull()
  await clock.advance(60 * 60_000)
  await expect.poll(nat).toBeUndefined()
  await engine.stop()
  await store.close()
})
