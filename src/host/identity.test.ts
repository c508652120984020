import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { DomainSpec, RouterSpec } from '../host-api/spec.ts'
import { treeOf } from '../host-api/testing.ts'
import { identityOf } from './identity.ts'

const mac = '02:00:00:00:00:01'
const spec = { vifs: [{ id: 'eni-1', mac }] } as unknown as DomainSpec
const around = () => ({ random: seededRandom('a seed'), now: new Date('2026-01-02T03:04:05.600Z') })

function routerWith(key: string, more: object = {}, enabled = true): RouterSpec {
  const subnet = { id: 'subnet-1', cidr: '10.1.16.0/20', gateway: '10.1.16.1', dns: ['10.1.0.2', '8.8.8.8'] }
  const tree = treeOf({ 'meta-data/public-keys/0/openssh-key': `${key}\n`, 'meta-data/instance-id': 'i-1', ...more })
  const metadata = { enabled, tree, ...('user' in more && { userData: '' }) }
  const vif = {
    id: 'eni-1',
    mac,
    address: '10.1.16.7',
    subnet: 'subnet-1',
    hostname: 'ip-10-1-16-7.internal',
    metadata,
  }
  return { mtu: 1500, subnets: [{ ...subnet, domainName: 'internal' }], vifs: [vif] } as unknown as RouterSpec
}

/** What a shell has in these variables after it has read the text. */
function readByShell(text: string, names: readonly string[]): string[] {
  const script = `${text}\nprintf '%s\\n' ${names.map((it) => `"$${it}"`).join(' ')}`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n').slice(0, -1)
}

it('tells a shell where the machine is, and whose', () => {
  const text = identityOf(spec, [routerWith("ssh-ed25519 AAAA it's $(mine)")], around())!
  const names = ['ip', 'mask', 'netmask', 'router', 'mtu', 'hostname', 'domain', 'dns', 'time', 'key']
  expect(readByShell(text, names)).toEqual([
    ...['10.1.16.7', '20', '255.255.240.0', '10.1.16.1', '1500', 'ip-10-1-16-7.internal', 'internal'],
    ...['10.1.0.2 8.8.8.8', '1767323046', "ssh-ed25519 AAAA it's $(mine)"],
  ])
})

it('tells what its metadata say, where it may ask for them', () => {
  const nic = `meta-data/network/interfaces/macs/${mac}`
  const more = {
    [`${nic}/local-ipv4s`]: '10.1.16.7\n10.1.16.9\n10.1.16.8',
    [`${nic}/subnet-ipv6-cidr-blocks`]: '::/64',
    user: '',
  }
  const names = ['my_instance', 'my_name', 'my_others', 'my_ipv6', 'my_user_data', 'key']
  const told = (router: RouterSpec) => readByShell(identityOf(spec, [router], around())!, names)
  const name = { 'meta-data/local-hostname': 'ip-10-1-16-7.internal' }
  expect(told(routerWith('k'))).toEqual(['i-1', '', '', '', '', 'k'])
  expect(told(routerWith('k', { ...more, ...name }))).toEqual([
    ...['i-1', 'ip-10-1-16-7.internal', '10.1.16.9 10.1.16.8', 'yes', 'yes', 'k'],
  ])
  expect(told(routerWith('k', { ...more, ...name }, false))).toEqual(['', '', '', '', '', ''])
})

it('has another seed each time, within the first 512 bytes', () => {
  const { random, now } = around()
  const texts = [1, 2].map(() => identityOf(spec, [routerWith('k')], { random, now })!)
  const seeds = texts.map((it) => /^seed='([0-9a-f]{128})'$/m.exec(it.slice(0, 512))?.[1])
  expect(new Set(seeds).size).toBe(2)
  expect(seeds).not.toContain(undefined)
})

it('is nothing where it does not fit, or where the NIC is not known', () => {
  expect(identityOf(spec, [routerWith('k'.repeat(4000))], around())).toBeUndefined()
  expect(identityOf(spec, [], around())).toBeUndefined()
})
