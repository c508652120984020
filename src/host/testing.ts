/** A host of fakes for tests: what outlives its agent, and agents on it, one after another. */
import { FakeClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import { openFakeHypervisor } from '../drivers/hypervisor/fake/fake.ts'
import { FakeWorld } from '../drivers/hypervisor/fake/world.ts'
import { FakeNetwork, fakeNetworkWorld } from '../drivers/network/fake/fake.ts'
import { type FakeDisks, FakeStorage } from '../drivers/storage/fake/fake.ts'
import { FakeVolumes, FakeVolumesWorld } from '../drivers/volumes/fake/fake.ts'
import type { HostFacts } from '../host-api/facts.ts'
import type { DomainSpec, HostSpec, RouterSpec } from '../host-api/spec.ts'
import type { DomainId, HostId } from '../model/ids.ts'
import { HostAgent, type HostParts } from './agent.ts'
import { DnsService } from './dns/service.ts'
import { MetadataService } from './metadata/service.ts'
import { tokensOf } from './metadata/tokens.ts'
import { ObjectsService } from './objects/service.ts'
import type { SpecFile } from './spec-file.ts'

export interface FakeTimes {
  readonly bootMs?: number
  readonly shutdownMs?: number
}

export class FakeHost {
  readonly id: HostId
  readonly clock: FakeClock
  readonly guests = new FakeWorld()
  readonly disks: FakeDisks = { domains: new Map(), missing: new Set() }
  readonly routers = fakeNetworkWorld()
  readonly volumes: FakeVolumesWorld
  /** What the agent kept. */
  spec: HostSpec | undefined
  readonly #times: FakeTimes
  #open: AsyncDisposableStack | undefined

  constructor(id: HostId, clock: FakeClock = new FakeClock(), times: FakeTimes = {}, volumes = new FakeVolumesWorld()) {
    this.volumes = volumes
    this.id = id
    this.clock = clock
    this.#times = times
  }

  /** Starts an agent; one that runs ends first. `replaced` are parts other than the usual. */
  async start(replaced: Partial<HostParts> = {}): Promise<HostAgent> {
    await this.stop()
    const open = new AsyncDisposableStack()
    this.#open = open
    const { clock } = this
    const network = replaced.network ?? open.use(new FakeNetwork(this.routers))
    const parts = {
      host: this.id,
      hypervisor: open.use(openFakeHypervisor({ clock, world: this.guests, ...this.#times })),
      network,
      storage: new FakeStorage(this.disks),
      volumes: open.use(new FakeVolumes(this.volumes)),
      metadata: open.use(
        new MetadataService({
          listen: network.listen.bind(network),
          tokens: tokensOf(Buffer.alloc(32, 1), seededRandom('tokens')),
          clock,
          log: silentLog,
        }),
      ),
      dns: open.use(
        new DnsService({
          bind: network.bind.bind(network),
          askOthers: async () => {
            throw new Error('there is nobody else')
          },
          clock,
          log: silentLog,
        }),
      ),
      objects: open.use(
        new ObjectsService({ listen: network.listen.bind(network), socket: '/nonexistent', log: silentLog }),
      ),
      specFile: this.specFile(),
      clock,
      log: silentLog,
    }
    return open.use(await HostAgent.start({ ...parts, ...replaced }))
  }

  async stop(): Promise<void> {
    await this.#open?.disposeAsync()
    this.#open = undefined
  }

  specFile(): SpecFile {
    return {
      read: async () => this.spec,
      write: async (spec) => {
        this.spec = spec
      },
      append: async (_change, spec) => {
        this.spec = spec
      },
    }
  }
}

/** The facts that the agent has told so far, the newest last. */
export function recordFacts(agent: HostAgent): HostFacts[] {
  const told: HostFacts[] = []
  agent.onFacts((said) => told.push('domains' in said ? said : { ...told.at(-1)!, ...said })) // All of it is first.
  return told
}

/** What a host shall have: one domain in one VPC. */
export function hostSpecOf(generation: number, change: Partial<DomainSpec> = {}): HostSpec {
  return { host: 'a1', generation, domains: [{ ...domainOf('dom_1'), ...change }], routers: [routerOf('dom_1')] }
}

function domainOf(id: DomainId): DomainSpec {
  return {
    id,
    instance: 'i-11111111',
    uuid: 'ec200000-0000-4000-8000-000000000000',
    power: 'on',
    graceMs: 20_000,
    begun: false,
    reboots: 0,
    vcpus: 1,
    memoryMiB: 64,
    cpuQuotaCores: 1,
    cpuWeight: 100,
    boot: { image: 'ami-11111111', kernel: 'vmlinuz', commandLine: '' },
    disks: [{ kind: 'root', name: 'sda1', serial: 'sda1', image: 'ami-11111111', file: 'root', sizeMiB: 10 }],
    vifs: [{ id: 'eni-11111111', mac: '02:00:00:00:00:01' }],
  }
}

function routerOf(domain: DomainId): RouterSpec {
  const subnet = {
    id: 'subnet-11111111',
    cidr: '10.0.0.0/24',
    gateway: '10.0.0.1',
    dns: [],
    domainName: 'internal',
  } as const
  const vif = {
    id: 'eni-11111111',
    domain,
    mac: '02:00:00:00:00:01',
    address: '10.0.0.4',
    subnet: subnet.id,
    hostname: 'ip-10-0-0-4',
    groups: [],
    sourceDestCheck: true,
    metadata: { enabled: true, tokens: 'optional', hopLimit: 1, tree: {} },
  } as const
  return {
    vpc: 'vpc-11111111',
    vni: 1,
    mtu: 1500,
    cidrs: [],
    subnets: [subnet],
    vifs: [vif],
    groups: [],
    routes: [],
    tables: [],
    wires: [],
  }
}
