import { expect } from 'vitest'
import type { FakeClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { ensureFirstAccount } from '../../src/control/accounts/accounts.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { greetHosts, takeNews } from '../../src/control/hosts/intake.ts'
import { launch } from '../../src/control/instances/launch.ts'
import { instanceMachine } from '../../src/control/instances/machine.ts'
import { tell } from '../../src/control/instances/news.ts'
import { attach } from '../../src/control/interfaces/attach.ts'
import { attachmentMachine } from '../../src/control/interfaces/attachment-machine.ts'
import { makeInterface, oneAddress } from '../../src/control/interfaces/make.ts'
import { ensureDefaultVpc } from '../../src/control/vpcs/default-vpc.ts'
import { listSubnets } from '../../src/control/vpcs/find.ts'
import type { HostSpec } from '../../src/host-api/spec.ts'
import type { DomainId, InterfaceId } from '../../src/model/ids.ts'
import type { Store, Transaction } from '../../src/store/store.ts'
import { bind } from '../../src/strand/machine.ts'
import { capacity, smallCloud as cloud, tinyImage as image, launchRequest } from '../small-cloud.ts'
import { faultsOf } from './machines.ts'

const host = 'a1'

/** A host whose one machine has the vifs that it is told, one change a turn, and only those that its router carries. */
class Host {
  readonly clock: FakeClock
  readonly plugged = new Map<DomainId, readonly InterfaceId[]>()

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  async turn(store: Store): Promise<void> {
    const spec = await specOf(store)
    for (const { id, vifs } of spec.domains) {
      const has = this.plugged.get(id) ?? []
      const missing = vifs.find((it) => !has.includes(it.id))?.id
      if (missing) expect(tapsOf(spec)).toContain(missing)
      const surplus = has.find((it) => !vifs.some((vif) => vif.id === it))
      if (surplus) expect(tapsOf(spec)).toContain(surplus) // Its tap is there until it is gone.
      this.plugged.set(id, missing ? [...has, missing] : has.filter((it) => it !== surplus))
    }
    const { generation } = spec
    const domains = [...this.plugged].map(([id, vifs]) => ({ id, state: 'running' as const, reboots: 0, vifs }))
    await takeNews(store, { changed: tell }, [
      { said: { host, received: generation, settled: generation, domains, troubles: [] } },
    ])
  }
}

async function specOf(store: Store): Promise<HostSpec> {
  const [spec] = await store.read((reader) => specsFrom(cloud)(reader, [host]))
  return spec!
}

const tapsOf = (spec: HostSpec) => spec.routers.flatMap((it) => it.vifs.map((vif) => vif.id))

/** An instance that runs, and an interface that begins to be attached to it. */
async function begin(store: Store, world: Host): Promise<string> {
  const random = seededRandom('attachments')
  const now = world.clock.now()
  const account = await store.transact(async (tx) => {
    const { account } = await ensureFirstAccount(tx, now, random)
    await ensureDefaultVpc(tx, account, { cloud, now, random })
    await ensureHosts(tx, [{ id: host, zone: 'us-west-2a', isEdge: false, underlayAddress: '100.64.1.1' }])
    await tx.db.insertInto('images').values(image).execute()
    return account
  })
  await greetHosts(store, [{ host, capacity }])
  return store.transact(async (tx) => {
    const subnets = await listSubnets(tx, account)
    const groups = (await tx.db.selectFrom('securityGroups').select('id').execute()).map((it) => it.id)
    await launch({ tx, cloud, now, random }, { ...request, account, subnets, groups })
    const instance = await run(tx, world)
    const wanted = { account, subnet: subnets[0]!, groups, addresses: oneAddress, description: '' }
    const nic = await makeInterface(tx, wanted, { now, random })
    return attach(tx, nic, instance, 1, { now, random })
  })
}

/** Its machine runs, and its strand knows. */
async function run(tx: Transaction, world: Host) {
  const [primary] = await tx.db.selectFrom('interfaces').select('id').execute()
  const instance = await tx.db
    .updateTable('instances')
    .set({ state: 'running', runningAt: world.clock.now().getTime() })
    .returningAll()
    .executeTakeFirstOrThrow()
  await tx.db.updateTable('strands').set({ step: 'run' }).execute()
  world.plugged.set(instance.domainId, [primary!.id])
  const fact = {
    id: instance.domainId,
    hostId: host,
    state: 'running',
    cause: null,
    startedAt: null,
    reboots: 0,
  } as const
  await tx.db
    .insertInto('domainFacts')
    .values({ ...fact, pluggedJson: '[]', vifsJson: JSON.stringify([primary!.id]) })
    .execute()
  return instance
}

const request = { ...launchRequest, min: 1, max: 1 } as const

const secondOf = (store: Store) =>
  store.read(({ db }) =>
    db
      .selectFrom('interfaces')
      .selectAll()
      .orderBy('createdAt')
      .orderBy('deviceIndex', 'desc')
      .executeTakeFirstOrThrow(),
  )

faultsOf('an attachment', {
  world: (clock) => new Host(clock),
  machines: () => [bind(attachmentMachine, {}), bind(instanceMachine, { readConsole: async () => Buffer.from('') })],
  begin,
  react: (store, world) => world.turn(store),
  restsAt: ['hold'],
  async created(store, world) {
    const nic = await secondOf(store)
    expect(nic).toMatchObject({ deviceIndex: 1, attachmentState: 'attached' })
    expect([...world.plugged.values()].flat()).toContain(nic.id)
  },
  async gone(store, world) {
    const alone = await store.read(({ db }) =>
      db.selectFrom('interfaces').selectAll().where('instanceId', 'is', null).executeTakeFirstOrThrow(),
    )
    expect(alone).toMatchObject({ attachmentId: null, deviceIndex: null, attachedAt: null })
    await world.turn(store)
    expect([...world.plugged.values()].flat()).not.toContain(alone.id)
    expect(tapsOf(await specOf(store))).not.toContain(alone.id)
  },
})
