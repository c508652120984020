import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../../base/fault.ts'
import { hex, systemRandom } from '../../../base/random.ts'
import { run } from '../../../base/subprocess.ts'
import type { EdgeNetworkSpec, RouterSpec } from '../../../host-api/spec.ts'
import { endServers } from './dnsmasq.ts'
import { edgeRules } from './edge-rules.ts'
import { ipBatch, nftTransaction, runIn, setSysctls } from './namespace.ts'
import { routerRules } from './router-rules.ts'
import { whole } from './ruleset.ts'
import { routerSysctls } from './sysctls.ts'

export interface NetworkFeature {
  readonly feature: string
  readonly ok: boolean
  /** What does not work without it; what went wrong when it was tried. */
  readonly costs: string
}

/**
 * Tries everything that the network driver needs of this machine, each for real, in a namespace that goes afterwards.
 * Without namespaces nothing else can be tried, and nothing else is reported.
 */
export async function probeNetwork(abort: AbortSignal = new AbortController().signal): Promise<NetworkFeature[]> {
  const namespace = `probe${process.pid}x${hex(systemRandom, 6)}`
  const made = await attempt('network namespaces', 'there is no network at all', () =>
    run('ip', ['netns', 'add', namespace], { abort }),
  )
  if (!made.ok) return [made]
  try {
    const results = [made]
    for (const it of probes) results.push(await attempt(it.feature, it.costs, () => it.run(namespace, abort)))
    return results
  } finally {
    await run('ip', ['netns', 'delete', namespace])
  }
}

interface Probe {
  readonly feature: string
  readonly costs: string
  run(namespace: string, abort: AbortSignal): Promise<unknown>
}

const probes: readonly Probe[] = [
  {
    feature: 'settings of namespaces',
    costs: 'namespaces cannot forward packets ',
    run: async (it) => setSysctls(it, routerSysctls),
  },
  {
    feature: 'tap devices',
    costs: 'guests have no network',
    run: (it, abort) => ipBatch(it, ['tuntap add dev t0 mode tap user 1600000000'], abort),
  },
  {
    feature: 'virtual Ethernet pairs',
    costs: 'hosts, edge and internet cannot be joined on one machine',
    run: (it, abort) => ipBatch(it, ['link add v0 type veth peer name v1'], abort),
  },
  {
    feature: 'bridges',
    costs: 'there is no fabric between the hosts of one machine',
    run: (it, abort) => ipBatch(it, ['link add b0 type bridge stp_state 0'], abort),
  },
  {
    feature: 'VXLAN',
    costs: 'guests on different hosts do not reach each other, nor the outside',
    run: (it, abort) => ipBatch(it, ['link add x0 type vxlan id 1 local 192.0.2.1 dstport 4789 nolearning'], abort),
  },
  {
    feature: 'nftables, hosts',
    costs: 'no guest can start',
    run: async (it) => nftTransaction(it, whole(routerRules(sample))),
  },
  {
    feature: 'nftables, edge',
    costs: 'guests have no public addresses',
    run: async (it) => nftTransaction(it, whole(edgeRules(sampleEdge))),
  },
  { feature: 'dnsmasq', costs: 'guests get no address (Debian package dnsmasq-base)', run: probeDnsmasq },
]

/** One guest, so that every kind of rule is tried. */
const sample: RouterSpec = {
  vpc: 'vpc-00000000',
  vni: 1,
  mtu: 1500,
  subnets: [],
  vifs: [
    {
      id: 'eni-00000000',
      domain: 'dom_1',
      mac: '0a:00:00:00:00:01',
      address: '10.0.0.1',
      subnet: 'subnet-00000000',
      hostname: 'probe',
      groups: ['sg-00000000'],
      sourceDestCheck: true,
      metadata: { enabled: true, tokens: 'required', hopLimit: 1, tree: {} },
    },
  ],
  groups: [
    {
      id: 'sg-00000000',
      members: ['10.0.0.1'],
      rules: [{ direction: 'ingress', protocol: 6, range: { from: 22, to: 22 }, peer: { cidr: '10.0.0.0/8' } }],
    },
  ],
  routes: [],
  cidrs: [],
  tables: [{ number: 1, sources: ['10.0.0.0/24'], ways: [] }],
  wires: [],
}

const sampleEdge: EdgeNetworkSpec = {
  ...sample,
  cidrs: ['10.0.0.0/8'],
  tables: [{ number: 1, sources: ['10.0.0.0/24'], ways: [{ to: '0.0.0.0/0', by: 'own-address' }] }],
  nats: [{ id: 'nat-00000000', publicAddress: '198.51.100.11' }],
  addresses: [{ publicAddress: '192.0.2.1', privateAddress: '10.0.0.1' }],
}

/** Starts one and ends it. */
async function probeDnsmasq(namespace: string, abort: AbortSignal): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'probe-'))
  const pidFile = `${directory}/pid`
  try {
    const command = ['dnsmasq', '--conf-file=/dev/null', '--port=0', '--user=dnsmasq', `--pid-file=${pidFile}`]
    await runIn(namespace, [...command, '--leasefile-ro', '--dhcp-range=10.0.0.0,static,255.0.0.0'], { abort })
    await endServers(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function attempt(feature: string, costs: string, work: () => Promise<unknown>): Promise<NetworkFeature> {
  try {
    await work()
    return { feature, ok: true, costs: '' }
  } catch (cause) {
    return { feature, ok: false, costs: `${costs}: ${messageOf(cause)}` }
  }
}
