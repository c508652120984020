import { expect, test } from 'vitest'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'

async function ran(line: string, answer: object = {}) {
  const [name = '', ...args] = line.split(' ')
  const outside = fakeOutside({ answers: [answer] })
  const status = await main(name, args, outside)
  return { status, asked: outside.asked, out: outside.printed.out, err: outside.printed.err }
}

test.each([
  ['euca-allocate-address', 'AllocateAddress', {}],
  ['ec2-allocate-address -d vpc', 'AllocateAddress', { Domain: 'vpc' }],
  ['euca-associate-address 54.187.0.9 -i i-1', 'AssociateAddress', { PublicIp: '54.187.0.9', InstanceId: 'i-1' }],
  [
    'euca-associate-address -a eipalloc-1 -n eni-1 -p 10.0.0.9 --allow-reassociation',
    'AssociateAddress',
    {
      ...{ AllocationId: 'eipalloc-1', NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.9' },
      AllowReassociation: true,
    },
  ],
  [
    'euca-associate-address eipalloc-1 -i i-1 --no-allow-reassociation',
    'AssociateAddress',
    { AllocationId: 'eipalloc-1', InstanceId: 'i-1', AllowReassociation: false },
  ],
  ['euca-disassociate-address 54.187.0.9', 'DisassociateAddress', { PublicIp: '54.187.0.9' }],
  ['euca-disassociate-address -a eipassoc-1', 'DisassociateAddress', { AssociationId: 'eipassoc-1' }],
  ['euca-release-address 54.187.0.9', 'ReleaseAddress', { PublicIp: '54.187.0.9' }],
  ['euca-release-address -a eipalloc-1', 'ReleaseAddress', { AllocationId: 'eipalloc-1' }],
  [
    'euca-describe-addresses 54.187.0.9 eipalloc-1 --filter domain=vpc',
    'DescribeAddresses',
    {
      ...{ PublicIps: ['54.187.0.9'], AllocationIds: ['eipalloc-1'] },
      Filters: [{ Name: 'domain', Values: ['vpc'] }],
    },
  ],
])('%s', async (line, operation, input) => {
  const { status, asked, err } = await ran(line)
  expect(status, err).toBe(0)
  expect(asked).toEqual([{ operation, input }])
})

test('addresses are told by themselves and by their ids', async () => {
  const made = { PublicIp: '54.187.0.9', Domain: 'vpc', AllocationId: 'eipalloc-1' }
  expect((await ran('euca-allocate-address', made)).out).toBe('ADDRESS\t54.187.0.9\tvpc\teipalloc-1\n')
  const { out } = await ran('euca-associate-address 54.187.0.9 -i i-1', { AssociationId: 'eipassoc-1' })
  expect(out).toBe('ADDRESS\t54.187.0.9\ti-1\n')
  const byId = await ran('euca-associate-address -a eipalloc-1 -i i-1', { AssociationId: 'eipassoc-1' })
  expect(byId.out).toBe('ADDRESS\ti-1\teipalloc-1\teipassoc-1\t\n')
  expect((await ran('euca-disassociate-address -a eipassoc-1')).out).toBe('ADDRESS\teipassoc-1\n')
  expect((await ran('euca-release-address -a eipalloc-1')).out).toBe('ADDRESS\t\teipalloc-1\n')
  expect((await ran('ec2-release-address 54.187.0.9')).out).toBe('ADDRESS\t54.187.0.9\t\n')
})

test('described addresses tell where they lead, and their tags', async () => {
  const Addresses = [
    {
      ...{ PublicIp: '54.187.0.9', InstanceId: 'i-1', Domain: 'vpc', AllocationId: 'eipalloc-1' },
      ...{ AssociationId: 'eipassoc-1', NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.9' },
      Tags: [{ Key: 'Name', Value: 'front' }],
    },
    { PublicIp: '54.187.0.10' },
  ]
  expect((await ran('euca-describe-addresses', { Addresses })).out.split('\n')).toEqual([
    'ADDRESS\t54.187.0.9\ti-1\tvpc\teipalloc-1\teipassoc-1\teni-1\t10.0.0.9',
    'TAG\tallocation-id\teipalloc-1\tName\tfront',
    'ADDRESS\t54.187.0.10\t\tstandard\t\t\t\t',
    '',
  ])
})

test.each([
  'euca-associate-address -i i-1',
  'euca-associate-address 54.187.0.9',
  'euca-associate-address 54.187.0.9 -a eipalloc-1 -i i-1',
  'euca-associate-address 54.187.0.9 -i i-1 -n eni-1',
  'euca-release-address',
  'euca-disassociate-address 54.187.0.9 54.187.0.10',
  'euca-allocate-address -d standard',
])('%s is a mistake', async (line) => {
  const { status, asked } = await ran(line)
  expect([status, asked]).toEqual([2, []])
})
