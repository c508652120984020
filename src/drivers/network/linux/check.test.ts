import { describe, expect, it } from 'vitest'
import type { RouterSpec, VifSpec } from '../../../host-api/spec.ts'
import { checkEdge, checkRouter } from './check.ts'
import { edge, groupSpec, open, router, subnet, vif } from './testing/specs.ts'

const good = router([vif(1)])

it('lets a proper spec pass', () => {
  checkRouter(good)
  checkEdge(
    edge([{ publicAddress: '203.0.113.1', privateAddress: '172.31.0.1' }], [{ to: '0.0.0.0/0', via: '100.64.0.1' }]),
  )
})

describe('what would be read as a command', () => {
  const withVif = (changes: Record<string, unknown>): RouterSpec => router([vif(1, changes as Partial<VifSpec>)])
  it.each<[string, RouterSpec]>([
    ['a MAC', withVif({ mac: '0a:00:00:00:00:01 accept' })],
    ['an address', withVif({ address: '172.31.0.1 }' })],
    ['a host name', withVif({ hostname: 'x\n--dhcp-script=/bin/sh' })],
    ['an id', withVif({ id: 'eni-1 up\nlink del lo' })],
    ['a subnet that is not told of', withVif({ subnet: 'subnet-0000000f' })],
    ['a hop limit', withVif({ metadata: { ...vif(1).metadata, hopLimit: 65 } })],
    ['a domain name', router([], { subnets: [{ ...good.subnets[0]!, id: subnet, domainName: 'a,b' }] })],
    ['a member', router([], { groups: [{ ...groupSpec([], []), members: ['0/0'] }] })],
    ['a port', router([], { groups: [groupSpec([], [open(70_000)])] })],
    [
      'ports the wrong way round',
      router([], { groups: [groupSpec([], [{ ...open(1), range: { from: 80, to: 22 } }])] }),
    ],
    [
      'a type of ICMP',
      router([], { groups: [groupSpec([], [{ ...open(1), protocol: 1, range: { from: 256, to: 0 } }])] }),
    ],
    ['a route', router([], { routes: [{ to: 'default', via: '100.64.0.1' }] })],
    ['a network identifier', router([], { vni: 0 })],
    ['a VPC', router([], { vpc: 'vpc-1/../../x' })],
  ])('is refused: %s', (_what, spec) => {
    expect(() => checkRouter(spec)).toThrow(/^network: not a/)
  })
})

describe('the edge', () => {
  const nat = { id: 'nat-00000001', publicAddress: '203.0.113.1' } as const
  const acl = { id: 'acl-00000001', rules: [] } as const
  const network = { vpc: 'vpc-00000001', vni: 1, mtu: 1500, cidrs: [], routes: [], tables: [], addresses: [] } as const
  const check = (change: object) => checkEdge({ networks: [{ ...network, nats: [nat], ...change }] })

  it('is taken as it should be', () => {
    const boundary = { cidr: '172.31.0.0/20', acl: acl.id }
    expect(() => check({ nats: [{ ...nat, boundary }], acls: [acl] })).not.toThrow()
  })

  it.each([
    ['a NAT', { nats: [{ ...nat, id: 'nat-1 }' }] }],
    ['a boundary', { nats: [{ ...nat, boundary: { cidr: '0/0 accept', acl: acl.id } }] }],
    ['its ACL', { nats: [{ ...nat, boundary: { cidr: '172.31.0.0/20', acl: 'acl-1;' } }] }],
    ['an ACL', { acls: [{ ...acl, id: 'acl 1' }] }],
  ])('is refused: %s', (_what, change) => expect(() => check(change)).toThrow(/^network: not a/))
})
