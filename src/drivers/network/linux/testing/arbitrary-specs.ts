import fc from 'fast-check'
import type {
  AclRuleSpec,
  AclSpec,
  GroupSpec,
  RouterSpec,
  RuleSpec,
  TableSpec,
  VifSpec,
} from '../../../../host-api/spec.ts'
import type { AclId, GroupId } from '../../../../model/ids.ts'
import { router, vif, vifId } from './specs.ts'

const aclIds: readonly AclId[] = ['acl-0000000a', 'acl-0000000b']

const groupIds: readonly GroupId[] = ['sg-0000000a', 'sg-0000000b', 'sg-0000000c', 'sg-0000000d']

/** Routers of at most six guests and four groups: small enough to be alike, so that differences are interesting. */
export const arbitraryRouter: fc.Arbitrary<RouterSpec> = fc
  .record({
    vifs: fc.uniqueArray(arbitraryVif(), { selector: (it) => it.id, maxLength: 6 }),
    groups: fc.uniqueArray(arbitraryGroup(), { selector: (it) => it.id, maxLength: 4 }),
    mtu: fc.constantFrom(1500, 9001),
    routes: fc.uniqueArray(arbitraryRoute(), { selector: (it) => it.to, maxLength: 5 }),
    tables: fc.uniqueArray(arbitraryTable(), { selector: (it) => it.number, maxLength: 3 }),
    acl: fc.option(arbitraryAcl()),
    six: fc.boolean(),
  })
  .map(({ vifs, acl, six, ...rest }) => (six ? withSix : withoutSix)(withAcl(router(vifs, rest), acl)))

/** The VPC has addresses of IPv6, and so have some of its guests. */
function withSix(spec: RouterSpec): RouterSpec {
  return {
    ...spec,
    cidrs: [...spec.cidrs, '2001:db8:0:100::/56'],
    subnets: spec.subnets.map((it) => ({ ...it, ipv6: { cidr: '2001:db8:0:100::/64', gateway: '2001:db8:0:100::1' } })),
    vifs: spec.vifs.map((it, index) =>
      index % 2 === 0 ? { ...it, ipv6: [`2001:db8:0:100::${it.domain.slice(4)}`] } : it,
    ),
  }
}

function withoutSix(spec: RouterSpec): RouterSpec {
  const four = (it: { readonly to: string }) => !it.to.includes(':')
  return {
    ...spec,
    routes: spec.routes.filter(four),
    tables: spec.tables.map((it) => ({ ...it, ways: it.ways.filter(four) })),
  }
}

function withAcl(spec: RouterSpec, acl: AclSpec | null): RouterSpec {
  if (!acl) return spec
  return { ...spec, acls: [acl], subnets: spec.subnets.map((it) => ({ ...it, acl: acl.id })) }
}

function arbitraryAcl(): fc.Arbitrary<AclSpec> {
  const action = fc.constantFrom('allow' as const, 'deny' as const)
  const rule = fc.tuple(arbitraryRule(), action).map(
    ([{ peer, ...rest }, of]): AclRuleSpec => ({
      ...rest,
      action: of,
      cidr: 'cidr' in peer ? peer.cidr : '10.7.0.0/16',
    }),
  )
  return fc.record({ id: fc.constantFrom(...aclIds), rules: fc.array(rule, { maxLength: 6 }) })
}

function arbitraryVif(): fc.Arbitrary<VifSpec> {
  return fc
    .record({
      n: fc.integer({ min: 1, max: 9 }),
      groups: fc.uniqueArray(fc.constantFrom(...groupIds), { maxLength: 3 }),
      sourceDestCheck: fc.boolean(),
      enabled: fc.boolean(),
      hopLimit: fc.integer({ min: 1, max: 4 }),
      address: fc.integer({ min: 10, max: 12 }),
      domain: fc.integer({ min: 1, max: 2 }),
    })
    .map(({ n, enabled, hopLimit, address, domain, ...rest }) =>
      vif(n, {
        ...rest,
        domain: `dom_${n + 10 * domain}`,
        address: `172.31.${n}.${address}`,
        metadata: { enabled, hopLimit, tokens: 'optional', tree: {} },
      }),
    )
}

function arbitraryGroup(): fc.Arbitrary<GroupSpec> {
  return fc.record({
    id: fc.constantFrom(...groupIds),
    rules: fc.array(arbitraryRule(), { maxLength: 6 }),
    members: fc
      .uniqueArray(fc.integer({ min: 10, max: 15 }), { maxLength: 4 })
      .map((them) => them.map((it) => (it < 14 ? `172.31.0.${it}` : `2001:db8::${it}`))),
  })
}

function arbitraryRule(): fc.Arbitrary<RuleSpec> {
  const ports = fc.record({ from: fc.constantFrom(22, 80), to: fc.constantFrom(80, 90, 443) })
  const types = fc.record({ from: fc.constantFrom(-1, 3, 8), to: fc.constantFrom(-1, 0) })
  const service = fc.oneof(
    fc.record({ protocol: fc.constantFrom<number | 'all'>('all', 6, 17, 1, 50) }),
    fc.record({ protocol: fc.constantFrom(6, 17), range: ports }),
    fc.record({ protocol: fc.constantFrom(1, 58), range: types }),
  )
  const networks = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32', '172.31.0.0/16', '2001:db8::/32', '::/0']
  const peer = fc.oneof(
    fc.record({ cidr: fc.constantFrom(...networks) }),
    fc.record({ group: fc.constantFrom(...groupIds) }),
  )
  return fc
    .record({ direction: fc.constantFrom('ingress' as const, 'egress' as const), service, peer })
    .map(({ direction, service: it, peer: who }) => ({ direction, ...it, peer: who }))
}

function arbitraryRoute(): fc.Arbitrary<{ to: string; via: string }> {
  return fc.record({
    to: fc.constantFrom(
      '0.0.0.0/0',
      '172.31.9.1/32',
      '172.31.9.2/32',
      '172.31.16.0/20',
      '172.31.0.0/20',
      '2001:db8:0:100::9/128',
    ),
    via: fc.constantFrom('100.64.0.1', '100.64.1.2', '100.64.1.3'),
  })
}

function arbitraryTable(): fc.Arbitrary<TableSpec> {
  const to = fc.constantFrom('0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '198.51.100.0/24', '::/0', '2001:db8::/32')
  const way = fc.oneof(
    fc.record({ to, via: fc.constantFrom('100.64.0.1', '100.64.1.2') }),
    fc.record({ to, vif: fc.integer({ min: 1, max: 9 }).map(vifId) }),
    fc.record({ to, nowhere: fc.constant(true as const) }),
  )
  return fc.record({
    number: fc.integer({ min: 1, max: 4 }),
    sources: fc.constant([]),
    ways: fc.uniqueArray(way, { selector: (it) => it.to, maxLength: 4 }),
  })
}
