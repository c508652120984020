import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KernelError } from '../../../../base/libc.ts'
import { makeInside, removeName } from '../../../../base/network-namespace.ts'
import { run } from '../../../../base/subprocess.ts'
import { readKernelState } from '../kernel-state.ts'
import { isKnown, runIp } from './ip.ts'
import { NftError, runNft } from './nft.ts'

const [ours, theirs] = ['a', 'b'].map((it) => `ip${process.pid}${it}`) as [string, string]

beforeEach(() => {
  makeInside(ours)
  makeInside(theirs)
})
afterEach(() => {
  removeName(ours)
  removeName(theirs)
})

/** What the kernel goes on to do by itself for a while, and what differs from one namespace to the next. */
const passing = /^\d+: |@if\d+|link-netns \S+|link-netnsid \d+|promiscuity.*|<\S+>|state \S+|qdisc \S+|tentative/g

/** What the program itself says of a namespace. */
async function told(namespace: string): Promise<string[]> {
  const questions = [
    ['-details', 'addr', 'show'],
    ['-details', 'route', 'show', 'table', 'all', 'proto', '199'],
    ['neigh', 'show', 'nud', 'permanent'],
    ['rule', 'show'],
    ['-6', 'rule', 'show'],
  ]
  const answers = questions.map((it) => run('ip', ['-n', namespace, ...it]))
  const forwarding = run('bridge', ['-n', namespace, 'fdb', 'show', 'dev', 'overlay'])
  const lines = (await Promise.all([...answers, forwarding])).flatMap((it) => it.split('\n'))
  return lines.map((it) => it.replace(passing, '').trim().replace(/ +/g, ' ')).sort()
}

const mac = '0e:00:00:00:00:01'
const lines = [
  'link set dev lo up',
  `link add overlay address ${mac} mtu 1400 type vxlan id 42 local 100.64.0.1 dstport 4789 nolearning`,
  'link set dev overlay up',
  'tuntap add dev t0 mode tap user 1600000001',
  'link set dev t0 address fe:ff:ff:ff:ff:ff',
  'ntable change name arp_cache dev t0 proxy_delay 0',
  'link set dev t0 group 1 alias eni-1 mtu 1500 up',
  `link add w0 address ${mac} mtu 1500 type veth peer name w1 address 0e:00:00:00:00:02 mtu 1500`,
  'link set dev w1 up',
  'link set dev w0 up',
  'addr add 10.0.0.1/32 dev t0',
  'addr add 169.254.169.254/32 dev lo scope host',
  'addr add fe80::1/64 dev t0',
  'addr add 2001:db8::1/64 dev t0 noprefixroute',
  'addr replace 10.9.0.1/24 dev w0',
  `neigh replace 10.0.0.2 lladdr ${mac} dev t0 nud permanent`,
  `neigh replace 2001:db8::2 lladdr ${mac} dev t0 nud permanent`,
  `fdb replace ${mac} dev overlay dst 100.64.0.9 self permanent`,
  'route replace 10.0.0.2/32 dev t0 proto 199',
  'route replace 0.0.0.0/0 via 10.0.0.7 dev overlay onlink table 1001 proto 199',
  'route replace unreachable 10.0.0.0/8 metric 4294967295 proto 199',
  'route replace blackhole 192.0.2.0/24 metric 4294967295 table 1001 proto 199',
  'route replace 2001:db8::2/128 dev t0 proto 199',
  'route replace ::/0 via fe80::9 dev overlay onlink proto 199',
  'route replace unreachable 2001:db8::/56 metric 4294967295 proto 199',
  'rule add priority 100 lookup main',
  'rule add priority 1000 fwmark 1 lookup 1001',
]
const undoing = [
  'route del 0.0.0.0/0 table 1001',
  'route del unreachable 10.0.0.0/8 metric 4294967295',
  'route del 2001:db8::2/128',
  'neigh del 10.0.0.2 dev t0',
  `fdb del ${mac} dev overlay dst 100.64.0.9 self permanent`,
  'addr del 10.0.0.1/32 dev t0',
  'rule del priority 1000 fwmark 1 lookup 1001',
  'link del group 1',
  'link del dev w0',
]

/** By the programs. */
async function byProgram(all: readonly string[]): Promise<void> {
  for (const it of all) {
    const program = it.startsWith('fdb') ? 'bridge' : 'ip'
    await run(program, ['-n', theirs, ...it.split(' ')])
  }
}

describe('lines of ip', () => {
  it('do here what the program does with them', async () => {
    expect(isKnown([...lines, ...undoing])).toBe(true)
    runIp(ours, lines)
    runIp(ours, ['rule add priority 100 lookup main'], 6)
    await byProgram(lines)
    await run('ip', ['-n', theirs, '-6', 'rule', 'add', 'priority', '100', 'lookup', 'main'])
    expect(await told(ours)).toEqual(await told(theirs))
    expect(readKernelState(ours)).toEqual(readKernelState(theirs))
    runIp(ours, undoing)
    await byProgram(undoing)
    expect(await told(ours)).toEqual(await told(theirs))
  })

  it('make a pair of devices with an end in each of two namespaces', () => {
    runIp(ours, [`link add near mtu 1400 type veth peer name far netns ${theirs} mtu 1400`])
    expect(readKernelState(theirs).links.get('far')).toMatchObject({ mtu: 1400, up: false })
    runIp(theirs, ['link del dev far'])
    expect(readKernelState(ours).links.has('near')).toBe(false)
  })

  it('that fail say which they are, and what the kernel says', () => {
    const twice = ['rule add priority 100 lookup main', 'rule add priority 100 lookup main', 'link set dev lo up']
    expect(() => runIp(ours, twice)).toThrow(new KernelError('rule add priority 100 lookup main', 17))
    const nowhere = 'route replace 10.1.0.0/16 via 10.200.0.1 dev lo'
    expect(() => runIp(ours, [nowhere])).toThrow(/via 10\.200\.0\.1 dev lo \(.+\): Network/)
    expect(readKernelState(ours).links.get('lo')?.up).toBe(false)
    expect(() => runIp(ours, ['link set dev t9 up'])).toThrow('there is no t9')
  })

  it.each(['link add bridge type bridge', 'addr flush dev lo', 'link set dev lo promisc on', 'route show'])(
    '“%s” is left to the program',
    (it) => expect(isKnown([it])).toBe(false),
  )
})

it('what is read of a namespace is what was written', () => {
  runIp(ours, lines)
  const { links, addresses, routes, neighbours, rules, six } = readKernelState(ours)
  expect(links.get('t0')).toEqual({
    ...{ name: 't0', alias: 'eni-1', mac: 'fe:ff:ff:ff:ff:ff', mtu: 1500, up: true, owner: 1_600_000_001 },
  })
  expect(links.get('overlay')).toMatchObject({ vxlan: { vni: 42, local: '100.64.0.1' } })
  expect(addresses).toContainEqual({ dev: 't0', address: '2001:db8::1/64' })
  expect(routes).toContainEqual({ to: '0.0.0.0/0', kind: 'unicast', dev: 'overlay', via: '10.0.0.7', table: 1001 })
  expect(routes).toContainEqual({ to: '10.0.0.0/8', kind: 'unreachable' })
  expect(neighbours).toContainEqual({ dev: 't0', address: '2001:db8::2', mac })
  expect(rules).toEqual([
    { priority: 100, table: 'main' },
    { priority: 1000, mark: 1, table: 1001 },
  ])
  expect(six).toBe(true)
})

it('commands of nft are carried out together or not at all, and say why not', () => {
  runNft(ours, 'add table ip t\nadd chain ip t c')
  expect(() => runNft(ours, 'add chain ip t d\nadd rule ip t nowhere accept')).toThrow(NftError)
  expect(runNft(ours, 'list ruleset')).not.toContain('chain d')
  expect(() => runNft(ours, 'delete table ip nowhere')).toThrow(/No such file or directory/)
})
