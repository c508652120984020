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
  ['euca-create-network-interface subnet-1', 'CreateNetworkInterface', { SubnetId: 'subnet-1' }],
  [
    'ec2-create-network-interface subnet-1 -d front -g sg-1 -g sg-2 --private-ip-address 10.0.0.9 --secondary-address 10.0.0.8',
    'CreateNetworkInterface',
    {
      ...{ SubnetId: 'subnet-1', Description: 'front', Groups: ['sg-1', 'sg-2'] },
      PrivateIpAddresses: [
        { PrivateIpAddress: '10.0.0.9', Primary: true },
        { PrivateIpAddress: '10.0.0.8', Primary: false },
      ],
    },
  ],
  ['euca-delete-network-interface eni-1', 'DeleteNetworkInterface', { NetworkInterfaceId: 'eni-1' }],
  [
    'euca-attach-network-interface eni-1 -i i-1 -d 1',
    'AttachNetworkInterface',
    { NetworkInterfaceId: 'eni-1', InstanceId: 'i-1', DeviceIndex: 1 },
  ],
  ['euca-detach-network-interface eni-attach-1', 'DetachNetworkInterface', { AttachmentId: 'eni-attach-1' }],
  [
    'euca-detach-network-interface -f eni-attach-1',
    'DetachNetworkInterface',
    { AttachmentId: 'eni-attach-1', Force: true },
  ],
  [
    'euca-assign-private-ip-addresses -n eni-1 --secondary-count 2',
    'AssignPrivateIpAddresses',
    { NetworkInterfaceId: 'eni-1', SecondaryPrivateIpAddressCount: 2 },
  ],
  [
    'euca-assign-private-ip-addresses eni-1 --secondary-private-ip-address 10.0.0.9 --allow-reassignment',
    'AssignPrivateIpAddresses',
    { NetworkInterfaceId: 'eni-1', PrivateIpAddresses: ['10.0.0.9'], AllowReassignment: true },
  ],
  [
    'euca-unassign-private-ip-addresses -n eni-1 --secondary-address 10.0.0.9',
    'UnassignPrivateIpAddresses',
    { NetworkInterfaceId: 'eni-1', PrivateIpAddresses: ['10.0.0.9'] },
  ],
])('%s', async (line, operation, input) => {
  const { status, asked, err } = await ran(line)
  expect(status, err).toBe(0)
  expect(asked).toEqual([{ operation, input }])
})

test('a new interface is told in full, an attachment by its id, and the rest in silence', async () => {
  const NetworkInterface = {
    ...{ NetworkInterfaceId: 'eni-1', SubnetId: 'subnet-1', VpcId: 'vpc-1', OwnerId: '932234911131' },
    ...{ Status: 'available', PrivateIpAddress: '10.0.0.9', PrivateDnsName: 'ip-10-0-0-9', SourceDestCheck: true },
    Groups: [{ GroupId: 'sg-1', GroupName: 'default' }],
    PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.9', PrivateDnsName: 'ip-10-0-0-9', Primary: true }],
  }
  expect((await ran('euca-create-network-interface subnet-1', { NetworkInterface })).out.split('\n')).toEqual([
    'NETWORKINTERFACE\teni-1\tsubnet-1\tvpc-1\t932234911131\tavailable\t10.0.0.9\tip-10-0-0-9\ttrue',
    'GROUP\tsg-1\tdefault',
    'PRIVATEIPADDRESS\t10.0.0.9\tip-10-0-0-9\tprimary',
    '',
  ])
  const attached = await ran('euca-attach-network-interface eni-1 -i i-1 -d 1', { AttachmentId: 'eni-attach-1' })
  expect(attached.out).toBe('eni-attach-1\n')
  expect((await ran('euca-detach-network-interface eni-attach-1')).out).toBe('')
})

test.each([
  'euca-create-network-interface',
  'euca-create-network-interface subnet-1 --secondary-address 10.0.0.9 --secondary-count 1',
  'euca-attach-network-interface eni-1 -i i-1',
  'euca-attach-network-interface eni-1 -i i-1 -d first',
  'euca-assign-private-ip-addresses eni-1',
  'euca-assign-private-ip-addresses --secondary-count 1',
  'euca-assign-private-ip-addresses -n eni-1 eni-2 --secondary-count 1',
  'euca-unassign-private-ip-addresses eni-1',
])('%s is a mistake', async (line) => {
  const { status, asked } = await ran(line)
  expect([status, asked]).toEqual([2, []])
})
