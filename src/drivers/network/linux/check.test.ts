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
