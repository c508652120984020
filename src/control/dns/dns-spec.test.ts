import { expect, test } from 'vitest'
import type { DnsSpec } from '../../host-api/dns.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { PeeringRow } from '../../store/tables/vpcs.ts'
import type { Scene } from '../hosts/scene.ts'
import { dnsSpecOf, outsideDnsSpec } from './dns-spec.ts'

const vpc = { id: 'vpc-00000001', cidr: '10.1.0.0/16', dnsSupport: 1, dnsHostnames: 1 } as unknown as VpcRow

/** A guest of `vpc` and one of another VPC, each with a public address. */
function scene(region = 'us-west-2', peerings: readonly PeeringRow[] = []): Scene {
  const cloud = {
    region,
    dns: { publicSuffix: 'compute.amazonaws.com', privateSuffix: 'compute.internal' },
    pool6: '2001:db8:1000::/40',
    publicPool: { first: '198.18.0.10', last: '198.18.0.250' },
  } as Cloud
  const addresses: Record<string, unknown> = {
    'eni-00000001': [{ address: '10.1.0.9', public: { publicAddress: '198.18.0.17' } }, { address: '10.1.0.10' }],
    'eni-00000002': [{ address: '10.1.0.9', public: { publicAddress: '198.18.0.18' } }],
  }
  const guest = (id: string, nic: { id: string; vpcId: string; privateAddress?: string }) => ({
    instance: { id },
    interfaces: [nic],
    addressesOf: (of: string) => addresses[of],
    named: true,
  })
  const guests = [
    guest('i-00000001', { id: 'eni-00000001', vpcId: vpc.id, privateAddress: '10.1.0.9' }),
    guest('i-00000002', { id: 'eni-00000002', vpcId: 'vpc-00000002' }),
  ]
  const at = (id: string) => guests.filter((it) => it.interfaces.some((nic) => nic.vpcId === id))
  return {
    cloud,
    guests: { at, each: (id: string, _: string, { of }: { of: (it: unknown) => unknown[] }) => at(id).flatMap(of) },
    network: {
      vpcs: [vpc, { ...vpc, id: 'vpc-00000002' }],
      live: { peerings: new Map(peerings.map((it) => [it.id, it])) },
      blocks: new Map([[vpc.id, [{ cidr: '10.1.0.0/16' }, { cidr: '10.2.0.0/24' }]]]),
    },
    reverseNames: { '198.18.0.18': 'mail.example.com' },
  } as unknown as Scene
}

const domains = ({ rules }: DnsSpec) => rules.map((it) => it.domain)

test("a VPC's guests ask in two places, and their own public addresses are private ones to them", () => {
  const spec = dnsSpecOf(scene(), vpc)!
  expect(spec.servers).toEqual(['169.254.169.253', '10.1.0.2'])
  expect(spec.rules).toMatchObject([
    { prefix: 'ip', within: ['10.1.0.0/16', '10.2.0.0/24'], instead: {}, whole: true },
    { prefix: 'ec2', within: ['198.18.0.0/24'], instead: { '198.18.0.17': '10.1.0.9' }, whole: false },
  ])
  expect(domains(spec)).toEqual(['us-west-2.compute.internal', 'us-west-2.compute.amazonaws.com'])
})

test('the outside is told public addresses alone, and the reverse names that their owners chose', () => {
  expect(outsideDnsSpec(scene())).toMatchObject({
    rules: [{ prefix: 'ec2', within: ['198.18.0.0/24'], instead: {}, whole: true }],
    reverse: { '198.18.0.18': 'mail.example.com' },
  })
})

test('a VPC without host names tells none, and public names as the outside hears them', () => {
  const spec = dnsSpecOf(scene(), { ...vpc, dnsHostnames: 0 })!
  expect(spec.rules).toMatchObject([{ within: [] }, { instead: {} }])
})

test('the oldest region has names of its own', () => {
  expect(domains(dnsSpecOf(scene('us-east-1'), vpc)!)).toEqual(['ec2.internal', 'compute-1.amazonaws.com'])
})

test('a VPC without DNS support has no name server', () => {
  expect(dnsSpecOf(scene(), { ...vpc, dnsSupport: 0 })).toBeUndefined()
})

test('public names of a peer lead to private addresses where its owner says so', () => {
  const peering = {
    requesterVpcId: vpc.id,
    accepterVpcId: 'vpc-00000002',
    requesterSharesNames: 1,
  } as unknown as PeeringRow
  const own = { '198.18.0.17': '10.1.0.9' }
  const apart = dnsSpecOf(scene('us-west-2', [peering]), vpc)!
  expect(apart.rules[1]?.instead).toEqual(own)
  const together = dnsSpecOf(scene('us-west-2', [{ ...peering, accepterSharesNames: 1 }]), vpc)!
  expect(together.rules[1]?.instead).toEqual({ ...own, '198.18.0.18': '10.1.0.9' })
})

test('ids of instances are names where they were made so, in their own VPC', () => {
  const { hosts } = dnsSpecOf(scene(), vpc)!
  const domain = 'us-west-2.compute.internal'
  expect(hosts).toMatchObject({ [`i-00000001.${domain}`]: '10.1.0.9' })
  expect(Object.keys(hosts)).not.toContain(`i-00000002.${domain}`)
})
