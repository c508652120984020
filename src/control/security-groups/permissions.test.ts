import { describe, expect, test } from 'vitest'
import { ApiError } from '../../model/errors.ts'
import { authorize, type PermissionInput, type References, refuseUnknown, revoke, rulesAsked } from './permissions.ts'
import { canonical, permissionsOf, type Rule, ruleSpecsOf, ruleText, securityGroupRuleOf } from './rule.ts'

const resolve: References = {
  group: ({ GroupId, UserId }) => ({
    group: (GroupId ?? 'sg-00000001') as `sg-${string}`,
    account: UserId ?? '111122223333',
  }),
  prefixList: (id) => ({ prefixList: id as `pl-${string}` }),
}
const rules = (input: PermissionInput) => rulesAsked('ingress', input, resolve)
const tcp = (over: object) => ({ IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, ...over }] })
const anywhere = { IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
const said = (action: () => unknown) => {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof ApiError ? [error.code, error.message] : error
  }
}

describe('what callers write', () => {
  test('is one rule for each peer', () => {
    const input = tcp({
      ...anywhere,
      Ipv6Ranges: [{ CidrIpv6: '::/0' }],
      UserIdGroupPairs: [{ GroupId: 'sg-1', Description: 'web' }],
    })
    expect(rules(input)).toEqual([
      { direction: 'ingress', protocol: 6, range: { from: 22, to: 22 }, peer: { cidr: '0.0.0.0/0' } },
      { direction: 'ingress', protocol: 6, range: { from: 22, to: 22 }, peer: { cidr: '::/0' } },
      {
        direction: 'ingress',
        protocol: 6,
        range: { from: 22, to: 22 },
        peer: { group: 'sg-1', account: '111122223333' },
        description: 'web',
      },
    ])
  })

  test('may be flat, as of the first clients', () => {
    const flat = rules({ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' })
    expect(flat.map(canonical)).toEqual(['ingress 6 80 80 0.0.0.0/0'])
  })

  test('may be a group alone, which lets in all TCP, UDP and ICMP of it', () => {
    const input = { SourceSecurityGroupName: 'web', SourceSecurityGroupOwnerId: '444455556666' }
    expect(rules(input).map(canonical)).toEqual([
      'ingress 6 0 65535 sg-00000001',
      'ingress 17 0 65535 sg-00000001',
      'ingress 1 -1 -1 sg-00000001',
    ])
    expect(rules(input)[0]?.peer).toEqual({ group: 'sg-00000001', account: '444455556666' })
  })

  test('may name a prefix list', () => {
    const [rule] = rules(tcp({ PrefixListIds: [{ PrefixListId: 'pl-1', Description: 'offices' }] }))
    expect(canonical(rule!)).toBe('ingress 6 22 22 pl-1')
    expect(permissionsOf([rule!])[0]?.PrefixListIds).toEqual([{ PrefixListId: 'pl-1', Description: 'offices' }])
    expect(securityGroupRuleOf(rule!)).toMatchObject({ PrefixListId: 'pl-1' })
  })

  test('of an old client that names a range beside the group means both', () => {
    expect(rules(tcp({ ...anywhere, UserIdGroupPairs: [{ GroupId: 'sg-1' }] }))).toHaveLength(2)
  })

  test.each([
    ['6', 'tcp'],
    ['17', 'udp'],
    ['TCP', 'tcp'],
    ['1', 'icmp'],
    ['58', 'icmpv6'],
  ])('protocol %s is shown as %s', (given, shown) => {
    const [rule] = rules({ IpPermissions: [{ IpProtocol: given, FromPort: 1, ToPort: 1, ...anywhere }] })
    expect(rule && permissionsOf([rule])[0]?.IpProtocol).toBe(shown)
  })

  test.each(['-1', '50', '0'])('protocol %s has no ports, whatever is given', (IpProtocol) => {
    const [rule] = rules({ IpPermissions: [{ IpProtocol, FromPort: 0, ToPort: 0, ...anywhere }] })
    expect(rule?.range).toBeUndefined()
  })

  test('ICMPv6 without type and code is all of it', () => {
    expect(rules({ IpPermissions: [{ IpProtocol: 'icmpv6', ...anywhere }] })[0]?.range).toEqual({ from: -1, to: -1 })
  })

  test('has its ranges cut to the network', () => {
    const ranges = tcp({ IpRanges: [{ CidrIp: '10.17.3.4/15' }], Ipv6Ranges: [{ CidrIpv6: '2001:DB8:0::1/32' }] })
    expect(rules(ranges).map(canonical)).toEqual(['ingress 6 22 22 10.16.0.0/15', 'ingress 6 22 22 2001:db8::/32'])
  })
})

describe('what EC2 refuses', () => {
  const value = (message: string) => ['InvalidParameterValue', message]

  test.each([
    '8.8.8.8',
    '10.0.0.0/33',
    '10.0.0/8',
    '256.0.0.0/8',
    '010.0.0.0/8',
    '::/0',
    ' 10.0.0.0/8',
    '10.0.0.0/08',
    '',
    '/32',
    '10.0.0.1/-1',
  ])('"%s" is no range', (CidrIp) => {
    expect(said(() => rules(tcp({ IpRanges: [{ CidrIp }] })))).toEqual(value(`CIDR block ${CidrIp} is malformed`))
  })

  test.each(['::', '::/129', '1::2::3/64', 'fe80::1%eth0/64', '10.0.0.0/8', ':/0', '2001:db8::/064'])(
    '"%s" is no IPv6 range',
    (CidrIpv6) => {
      expect(said(() => rules(tcp({ Ipv6Ranges: [{ CidrIpv6 }] })))).toEqual(
        value(`CIDR block ${CidrIpv6} is malformed`),
      )
    },
  )

  test.each([
    ['tcp', undefined, 22, 'Invalid value for portRange. Must specify both from and to ports with TCP/UDP.'],
    ['udp', -1, -1, 'TCP/UDP (from) port (-1) out of range'],
    ['tcp', 0, 65_536, 'TCP/UDP (to) port (65536) out of range'],
    ['tcp', 443, 80, 'Invalid TCP/UDP port range (443:80)'],
    ['icmp', undefined, undefined, 'Invalid value for portRange. Must specify both from and to ports with ICMP.'],
    ['icmp', 0, 65_535, 'ICMP code (65535) out of range'],
    ['icmp', 256, 0, 'ICMP type (256) out of range'],
    ['icmp', -1, 0, 'ICMP code (0) out of range'],
    ['all', 0, 0, "Invalid value 'all' for IP protocol. Unknown protocol."],
    ['256', 0, 0, "Invalid value '256' for IP protocol. Unknown protocol."],
    [undefined, 0, 0, "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."],
  ])('%s from %s to %s is no protocol with its range', (IpProtocol, FromPort, ToPort, message) => {
    expect(said(() => rules(tcp({ IpProtocol, FromPort, ToPort, ...anywhere })))).toEqual(value(message))
  })

  test('a rule without a peer, and no rule', () => {
    expect(said(() => rules(tcp({})))).toEqual([
      'MissingParameter',
      expect.stringContaining('Missing source specification'),
    ])
    expect(said(() => rules({}))).toEqual(['MissingParameter', 'The request must contain the parameter ipPermissions'])
  })

  test('flat parameters beside a list, or beside a group', () => {
    const list = { ...tcp(anywhere), CidrIp: '0.0.0.0/0' }
    expect(said(() => rules(list))).toEqual([
      'InvalidParameterCombination',
      "The parameter 'ipPermissions' may not be used in combination with 'cidrIp'",
    ])
    const group = { SourceSecurityGroupName: 'web', IpProtocol: 'tcp' }
    expect(said(() => rules(group))).toEqual(['InvalidParameterCombination', expect.any(String)])
  })

  test('the same rule twice in a request, also if it is written in two ways', () => {
    const twice = tcp({ IpRanges: [{ CidrIp: '10.0.0.0/8' }, { CidrIp: '10.1.0.0/8', Description: 'other' }] })
    expect(said(() => rules(twice))).toEqual(value('The same permission must not appear multiple times'))
  })

  test('descriptions with other characters, or too many', () => {
    for (const Description of ['é', "it's", 'x'.repeat(256), 'two\nlines']) {
      const input = tcp({ IpRanges: [{ CidrIp: '0.0.0.0/0', Description }] })
      expect(said(() => rules(input))).toEqual(value(expect.stringContaining('Invalid rule description.') as string))
    }
  })

  test('pairs that name no group', () => {
    expect(said(() => rules(tcp({ UserIdGroupPairs: [{ UserId: '1' }] })))).toEqual([
      'InvalidPermission.Malformed',
      expect.any(String),
    ])
  })

  test('authorising what is there', () => {
    const ssh = rules(tcp(anywhere))
    expect(said(() => authorize(ssh, ssh))).toEqual([
      'InvalidPermission.Duplicate',
      'the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists',
    ])
  })

  test('revoking what is not there', () => {
    const { unknown } = revoke([], rules(tcp(anywhere)))
    expect(said(() => refuseUnknown(unknown))).toEqual([
      'InvalidPermission.NotFound',
      'The specified rule does not exist in this security group.',
    ])
  })
})

describe('a rule', () => {
  const rule = (over: Partial<Rule>): Rule => ({
    direction: 'ingress',
    protocol: 'all',
    peer: { cidr: '0.0.0.0/0' },
    ...over,
  })

  test('is named in errors as EC2 names it', () => {
    expect(ruleText(rule({}))).toBe('peer: 0.0.0.0/0, ALL, ALLOW')
    const icmp = rule({ protocol: 1, range: { from: -1, to: -1 } })
    expect(ruleText(icmp)).toBe('peer: 0.0.0.0/0, ICMP, type: ALL, code: ALL, ALLOW')
    expect(ruleText({ ...icmp, range: { from: 8, to: 0 } })).toBe('peer: 0.0.0.0/0, ICMP, type: 8, code: 0, ALLOW')
  })

  test('is told to hosts by numbers, and a prefix list by the networks in it', () => {
    const lists = new Map([['pl-1', ['10.0.0.0/8', '192.0.2.0/24']]] as const)
    expect(ruleSpecsOf(rule({ protocol: 6, range: { from: 1, to: 2 } }), lists)).toEqual([
      { direction: 'ingress', protocol: 6, range: { from: 1, to: 2 }, peer: { cidr: '0.0.0.0/0' } },
    ])
    expect(ruleSpecsOf(rule({ peer: { group: 'sg-1', account: '1' } }), lists)[0]?.peer).toEqual({ group: 'sg-1' })
    expect(ruleSpecsOf(rule({ peer: { prefixList: 'pl-1' } }), lists).map((it) => it.peer)).toEqual([
      { cidr: '10.0.0.0/8' },
      { cidr: '192.0.2.0/24' },
    ])
    expect(ruleSpecsOf(rule({ peer: { prefixList: 'pl-2' } }), lists)).toEqual([])
  })

  test('is shown by itself with -1 for the ports that it has not', () => {
    expect(securityGroupRuleOf(rule({ direction: 'egress', description: 'out' }))).toEqual({
      IsEgress: true,
      IpProtocol: '-1',
      FromPort: -1,
      ToPort: -1,
      CidrIpv4: '0.0.0.0/0',
      Description: 'out',
    })
  })

  test('is shown with those that differ only in the peer', () => {
    const web = rules(tcp({ FromPort: 80, ToPort: 80, ...anywhere }))
    const ssh = rules(tcp({ ...anywhere, UserIdGroupPairs: [{ GroupId: 'sg-1', UserId: '1' }] }))
    const one = {
      direction: 'ingress',
      protocol: 6,
      range: { from: 80, to: 80 },
      peer: { cidr: '::/0' },
    } as const
    expect(permissionsOf([...web, ...ssh, one])).toEqual([
      {
        IpProtocol: 'tcp',
        FromPort: 80,
        ToPort: 80,
        UserIdGroupPairs: [],
        PrefixListIds: [],
        IpRanges: [{ CidrIp: '0.0.0.0/0' }],
        Ipv6Ranges: [{ CidrIpv6: '::/0' }],
      },
      {
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
        UserIdGroupPairs: [{ GroupId: 'sg-1', UserId: '1' }],
        PrefixListIds: [],
        IpRanges: [{ CidrIp: '0.0.0.0/0' }],
        Ipv6Ranges: [],
      },
    ])
  })
})
