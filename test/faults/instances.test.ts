import { expect } from 'vitest'
import type { FakeClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { ensureFirstAccount } from '../../src/control/accounts/accounts.ts'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { ensureHosts } from '../../src/control/hosts/hosts.ts'
import { greetHosts, takeFacts } from '../../src/control/hosts/intake.ts'
import { launch } from '../../src/control/instances/launch.ts'
import { instanceMachine } from '../../src/control/instances/machine.ts'
import { ensureDefaultVpc } from '../../src/control/vpcs/default-vpc.ts'
import { listSubnets } from '../../src/control/vpcs/find.ts'
import type { DomainFact } from '../../src/host-api/facts.ts'
import type { DomainId, InstanceId } from '../../src/model/ids.ts'
import type { Store } from '../../src/store/store.ts'
import { signal } from '../../src/strand/calls.ts'
import { bind } from '../../src/strand/machine.ts'
import { capacity, smallCloud as cloud, tinyImage as image, launchRequest } from '../small-cloud.ts'
import { faultsOf } from './machines.ts'

const host = 'a1'

/** A host that does at once what it is told. Its domains outlive the control plane. */
class Host {
  readonly clock: FakeClock
  readonly domains = new Map<DomainId, DomainFact>()

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  /** Takes the newest spec and reports. */
  async turn(store: Store): Promise<void> {
    const [spec] = await store.read((reader) => specsFrom(cloud)(reader, [host]))
    const wanted = new Map(spec!.domains.map((it) => [it.id, it]))
    for (const id of this.domains.keys()) if (!wanted.has(id)) this.domains.delete(id)
    for (const { id, power } of wanted.values()) {
      const now = this.domains.get(id)
      if (power === 'on' && !now)
        this.domains.set(id, { id, state: 'running', startedAt: '2026-01-01T00:00:00.000Z', reboots: 0 })
      if (power === 'off' && now?.state === 'running') this.domains.set(id, { ...now, state: 'off', cause: 'button' })
    }
    const { generation } = spec!
    const facts = { host, received: generation, settled: generation, domains: [...this.domains.values()], troubles: [] }
    await takeFacts(store, { changed: async (tx, id) => void (await signal(tx, id, 'facts')) }, facts)
  }

  /** A console is readable while its domain is there. */
  async readConsole(_host: string, domain: DomainId): Promise<Buffer> {
    if (!this.domains.has(domain)) throw new Error('no such domain')
    return Buffer.from('Linux version 6.1')
  }
}

async function begin(store: Store, world: Host): Promise<InstanceId> {
  const random = seededRandom('instances')
  const now = world.clock.now()
  const account = await store.transact(async (tx) => {
    const { account } = await ensureFirstAccount(tx, now, random)
    await ensureDefaultVpc(tx, account, { cloud, now, random })
    await ensureHosts(tx, [{ id: host, zone: 'us-west-2a', isEdge: false, underlayAddress: '100.64.1.1' }])
    await tx.db.insertInto('images').values(image).execute()
    return account
  })
  await greetHosts(store, [{ host, capacity }])
  await store.transact(async (tx) => {
    const subnets = await listSubnets(tx, account)
    const groups = await tx.db.selectFrom('securityGroups').select('id').execute()
    await launch({ tx, cloud, now, random }, { ...request, account, subnets, groups: groups.map((it) => it.id) })
  })
  const { id } = await store.read(({ db }) => db.selectFrom('instances').select('id').executeTakeFirstOrThrow())
  return id
}

const request = { ...launchRequest, min: 1, max: 1 } as const

faultsOf('an instance', {
  world: (clock) => new Host(clock),
  machines: (world: Host) => [bind(instanceMachine, { readConsole: world.readConsole.bind(world) })],
  begin,
  react: (store, world) => world.turn(store),
  restsAt: ['run', 'linger'],
  async created(store, world) {
    const row = await store.read(({ db }) => db.selectFrom('instances').selectAll().executeTakeFirstOrThrow())
    expect(row.state).toBe('running')
    expect([...world.domains.values()].map((it) => it.state)).toEqual(['running'])
  },
  async gone(store, world) {
    const left = await store.read(async ({ db }) => ({
      held: await db.selectFrom('instances').select('id').where('state', '!=', 'terminated').execute(),
      claims: await db.selectFrom('instances').select('id').where('hostId', 'is not', null).execute(),
      interfaces: await db.selectFrom('interfaces').select('id').execute(),
      facts: await db.selectFrom('domainFacts').select('id').execute(),
    }))
    expect(left).toEqual({ held: [], claims: [], interfaces: [], facts: [] })
    expect([...world.domains.keys()]).toEqual([])
  },
})
