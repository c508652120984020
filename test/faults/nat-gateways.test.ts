import { expect } from 'vitest'
import type { FakeClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { ensureFirstAccount } from '../../src/control/accounts/accounts.ts'
import { allocateElastic } from '../../src/control/addresses/elastic.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { greetHosts, takeNews } from '../../src/control/hosts/intake.ts'
import { natMachine } from '../../src/control/nat-gateways/machine.ts'
import { makeNat, removeNat } from '../../src/control/nat-gateways/make.ts'
import { ensureDefaultVpc } from '../../src/control/vpcs/default-vpc.ts'
import { listSubnets } from '../../src/control/vpcs/find.ts'
import type { EdgeSpec } from '../../src/host-api/spec.ts'
import type { Store } from '../../src/store/store.ts'
import { bind } from '../../src/strand/machine.ts'
import { capacity, smallCloud as cloud } from '../small-cloud.ts'
import { faultsOf } from './machines.ts'

const host = 'edge1'

/** An edge that does at once what it is told. */
class Edge {
  readonly clock: FakeClock
  spec: EdgeSpec = { networks: [] }

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  async turn(store: Store): Promise<void> {
    const [spec] = await store.read((reader) => specsFrom(cloud)(reader, [host]))
    const { generation, edge } = spec!
    this.spec = edge ?? { networks: [] }
    const facts = { host, received: generation, settled: generation, domains: [], troubles: [] }
    await takeNews(store, { changed: async () => {} }, [{ said: facts }])
    await this.clock.advance(250)
  }
}

async function begin(store: Store, world: Edge): Promise<string> {
  const random = seededRandom('nats')
  const now = world.clock.now()
  await store.transact(async (tx) => {
    const { account } = await ensureFirstAccount(tx, now, random)
    await ensureDefaultVpc(tx, account, { cloud, now, random })
    await ensureHosts(tx, [{ id: host, zone: 'us-west-2', isEdge: true, underlayAddress: '100.64.0.1' }])
    const [subnet] = await listSubnets(tx, account)
    const address = await allocateElastic(tx, account, undefined, { cloud, now, random })
    await makeNat(tx, subnet!, address, {}, { now, random })
  })
  await greetHosts(store, [{ host, capacity }])
  return (await onlyNat(store)).id
}

const onlyNat = (store: Store) =>
  store.read(({ db }) => db.selectFrom('natGateways').selectAll().executeTakeFirstOrThrow())

faultsOf('a NAT gateway', {
  world: (clock) => new Edge(clock),
  machines: () => [bind(natMachine, {})],
  begin,
  react: (store, world) => world.turn(store),
  restsAt: ['serve', 'linger'],
  async created(store, world) {
    const { id, state, publicAddress } = await onlyNat(store)
    expect(state).toBe('available')
    expect(world.spec.networks.flatMap((it) => it.nats)).toEqual([{ id, publicAddress }])
  },
  async destroy(store) {
    const row = await onlyNat(store)
    await store.transact((tx) => removeNat(tx, row))
  },
  async gone(store, world) {
    expect(world.spec.networks).toEqual([])
    const left = await store.read(async ({ db }) => ({
      held: await db.selectFrom('natGateways').select('id').where('state', '!=', 'deleted').execute(),
      interfaces: await db.selectFrom('interfaces').select('id').execute(),
      leading: await db.selectFrom('addresses').select('id').where('interfaceId', 'is not', null).execute(),
      addresses: (await db.selectFrom('addresses').select('id').execute()).length,
    }))
    expect(left).toEqual({ held: [], interfaces: [], leading: [], addresses: 1 })
  },
})
