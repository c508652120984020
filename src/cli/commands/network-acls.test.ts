import { expect, test } from 'vitest'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'

async function ran(line: string, answer: object = {}) {
  const [name = '', ...args] = line.split(' ')
  const outside = fakeOutside({ answers: [answer] })
  const status = await main(name, args, outside)
  return { status, asked: outside.asked, out: outside.printed.out, err: outside.printed.err }
}

const entry = { NetworkAclId: 'acl-1', RuleNumber: 100, RuleAction: 'allow', Egress: false, CidrBlock: '0.0.0.0/0' }
const web = 'acl-1 -n 100 --allow -r 0.0.0.0/0 -P tcp -p 80'

test.each([
  ['euca-create-network-acl vpc-1', 'CreateNetworkAcl', { VpcId: 'vpc-1' }],
  ['ec2-delete-network-acl acl-1', 'DeleteNetworkAcl', { NetworkAclId: 'acl-1' }],
  ['ec2-describe-network-acls acl-1', 'DescribeNetworkAcls', { NetworkAclIds: ['acl-1'] }],
  [
    `euca-create-network-acl-entry ${web}`,
    'CreateNetworkAclEntry',
    { ...entry, Protocol: '6', PortRange: { From: 80, To: 80 } },
  ],
  [
    `euca-replace-network-acl-entry ${web} --egress`,
    'ReplaceNetworkAclEntry',
    { ...entry, Egress: true, Protocol: '6', PortRange: { From: 80, To: 80 } },
  ],
  [
    'euca-create-network-acl-entry acl-1 -n 100 --allow -r 0.0.0.0/0 -P icmp',
    'CreateNetworkAclEntry',
    { ...entry, Protocol: '1', IcmpTypeCode: { Type: -1, Code: -1 } },
  ],
  [
    'euca-create-network-acl-entry acl-1 -n 100 --allow -r 0.0.0.0/0',
    'CreateNetworkAclEntry',
    { ...entry, Protocol: '-1' },
  ],
  [
    'euca-delete-network-acl-entry acl-1 -n 100 --egress',
    'DeleteNetworkAclEntry',
    { NetworkAclId: 'acl-1', RuleNumber: 100, Egress: true },
  ],
  [
    'euca-replace-network-acl-association aclassoc-1 -a acl-1',
    'ReplaceNetworkAclAssociation',
    { AssociationId: 'aclassoc-1', NetworkAclId: 'acl-1' },
  ],
])('%s asks for %s', async (line, operation, input) => {
  const { status, asked, err } = await ran(line)
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(asked).toMatchObject([{ operation, input }])
})

test('an ACL is shown with its entries and subnets', async () => {
  const acl = {
    ...{ NetworkAclId: 'acl-1', VpcId: 'vpc-1', IsDefault: true },
    Entries: [
      { ...entry, Protocol: '6', PortRange: { From: 80, To: 90 } },
      { ...entry, Egress: true, Protocol: '-1', RuleAction: 'deny', RuleNumber: 32767 },
      { ...entry, Protocol: '1', IcmpTypeCode: { Type: 8, Code: 0 } },
    ],
    Associations: [{ NetworkAclAssociationId: 'aclassoc-1', NetworkAclId: 'acl-1', SubnetId: 'subnet-1' }],
  }
  const { out } = await ran('euca-describe-network-acls', { NetworkAcls: [acl] })
  expect(out.split('\n').slice(0, -1)).toEqual([
    'NETWORKACL\tacl-1\tvpc-1\tdefault',
    'ENTRY\tingress\t100\tallow\t0.0.0.0/0\ttcp\t80\t90',
    expect.stringMatching(/^ENTRY\tegress\t32767\tdeny\t0\.0\.0\.0\/0\tall/),
    'ENTRY\tingress\t100\tallow\t0.0.0.0/0\ticmp\t0\t8',
    'ASSOCIATION\taclassoc-1\tsubnet-1',
  ])
})

test.each([
  ['acl-1 -n 100 -r 0.0.0.0/0', '--allow --deny'],
  ['acl-1 -n 100 --allow --deny -r 0.0.0.0/0', '--allow --deny'],
  ['acl-1 -n 100 --allow -r 0.0.0.0/0 -P tcp', '-p/--port-range is required'],
  ['acl-1 -n x --allow -r 0.0.0.0/0', 'invalid int value'],
])('%s is refused', async (args, told) => {
  const { status, err } = await ran(`euca-create-network-acl-entry ${args}`)
  expect(status).not.toBe(0)
  expect(err).toContain(told)
})
