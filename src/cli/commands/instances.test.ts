import type { Instance } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'

const launched = new Date('2014-04-23T20:11:35.000Z')
/** The instance of the guides' example. */
const example: Instance = {
  InstanceId: 'i-75ade57d',
  ImageId: 'ami-f33fa9c3',
  PublicDnsName: 'ec2-54-187-86-32.us-west-2.compute.amazonaws.com',
  PrivateDnsName: 'ip-172-31-1-172.us-west-2.compute.internal',
  State: { Code: 16, Name: 'running' },
  KeyName: 'testkey',
  AmiLaunchIndex: 0,
  InstanceType: 'm1.small',
  LaunchTime: launched,
  Placement: { AvailabilityZone: 'us-west-2c', Tenancy: 'default', GroupName: '' },
  KernelId: 'aki-fc37bacc',
  Monitoring: { State: 'disabled' },
  PublicIpAddress: '54.187.86.32',
  PrivateIpAddress: '172.31.1.172',
  VpcId: 'vpc-94ad41f1',
  SubnetId: 'subnet-d5467793',
  RootDeviceType: 'instance-store',
  VirtualizationType: 'paravirtual',
  Hypervisor: 'xen',
  ClientToken: '',
  SecurityGroups: [{ GroupId: 'sg-b07fb3d5', GroupName: 'default' }],
  EbsOptimized: false,
  Architecture: 'x86_64',
}
const exampleLine = [
  ...['INSTANCE', 'i-75ade57d', 'ami-f33fa9c3', 'ec2-54-187-86-32.us-west-2.compute.amazonaws.com'],
  ...[
    'ip-172-31-1-172.us-west-2.compute.internal',
    'running',
    'testkey',
    '0',
    '',
    'm1.small',
    '2014-04-23T20:11:35.000Z',
  ],
  ...['us-west-2c', 'aki-fc37bacc', '', '', 'monitoring-disabled', '54.187.86.32', '172.31.1.172', 'vpc-94ad41f1'],
  ...[
    'subnet-d5467793',
    'instance-store',
    '',
    '',
    '',
    '',
    'paravirtual',
    'xen',
    '',
    'sg-b07fb3d5',
    'default',
    'false',
    '',
    'x86_64',
  ],
].join('\t')

async function printed(answer: object, name: string, ...args: string[]): Promise<string> {
  const outside = fakeOutside({ answers: [answer] })
  expect(await main(name, args, outside), outside.printed.err).toBe(0)
  return outside.printed.out
}

test('an instance is the line of the guides', async () => {
  const answer = { Reservations: [{ ReservationId: 'r-1', OwnerId: '932234911131', Groups: [], Instances: [example] }] }
  expect(await printed(answer, 'euca-describe-instances')).toBe(`RESERVATION\tr-1\t932234911131\t\n${exampleLine}\n`)
})

test('run-instances prints what describe-instances does', async () => {
  const answer = { ReservationId: 'r-1', OwnerId: '932234911131', Instances: [example] }
  expect(await printed(answer, 'ec2-run-instances', 'ami-f33fa9c3')).toBe(
    `RESERVATION\tr-1\t932234911131\t\n${exampleLine}\n`,
  )
})

test('a reservation names its groups, and has the earliest launched instance first', async () => {
  const Instances = [
    { InstanceId: 'i-2', LaunchTime: new Date(2) },
    { InstanceId: 'i-1', LaunchTime: new Date(1) },
  ]
  const Groups = [{ GroupName: 'default', GroupId: 'sg-1' }, { GroupId: 'sg-2' }]
  const out = await printed(
    { Reservations: [{ ReservationId: 'r-1', OwnerId: '1', Groups, Instances }] },
    'euca-describe-instances',
  )
  expect(out.split('\n').map((line) => line.split('\t').slice(0, 4).join(' '))).toEqual([
    'RESERVATION r-1 1 default, sg-2',
    'INSTANCE i-1  ',
    'INSTANCE i-2  ',
    '',
  ])
})

test('volumes, interfaces and tags of an instance follow its line', async () => {
  const instance: Instance = {
    InstanceId: 'i-1',
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvdb', Ebs: { VolumeId: 'vol-1', AttachTime: launched, DeleteOnTermination: true } },
    ],
    NetworkInterfaces: [
      {
        ...{ NetworkInterfaceId: 'eni-1', SubnetId: 'subnet-1', VpcId: 'vpc-1', OwnerId: '1', Status: 'in-use' },
        ...{ PrivateIpAddress: '172.31.0.4', PrivateDnsName: 'ip-172-31-0-4', SourceDestCheck: true },
        Attachment: {
          AttachmentId: 'eni-attach-1',
          DeviceIndex: 0,
          Status: 'attached',
          AttachTime: launched,
          DeleteOnTermination: true,
        },
        Association: { PublicIp: '203.0.113.9', IpOwnerId: 'amazon' },
        Groups: [{ GroupId: 'sg-1', GroupName: 'default' }],
        PrivateIpAddresses: [
          {
            PrivateIpAddress: '172.31.0.4',
            PrivateDnsName: 'ip-172-31-0-4',
            Primary: true,
            Association: { PublicIp: '203.0.113.9' },
          },
          { PrivateIpAddress: '172.31.0.5', Primary: false },
        ],
      },
    ],
    Tags: [{ Key: 'Name', Value: 'web' }],
  }
  const out = await printed(
    { Reservations: [{ ReservationId: 'r-1', Instances: [instance] }] },
    'euca-describe-instances',
    '--show-empty-fields',
  )
  expect(out.split('\n').slice(2, -1)).toEqual([
    'BLOCKDEVICE\t/dev/xvdb\tvol-1\t2014-04-23T20:11:35.000Z\ttrue\t(nil)\t(nil)',
    'NETWORKINTERFACE\teni-1\tsubnet-1\tvpc-1\t1\tin-use\t172.31.0.4\tip-172-31-0-4\ttrue',
    'ATTACHMENT\t(nil)\teni-attach-1\t0\tattached\t2014-04-23T20:11:35.000Z\ttrue',
    'ASSOCIATION\t203.0.113.9\tamazon\t172.31.0.4',
    'GROUP\tsg-1\tdefault',
    'PRIVATEIPADDRESS\t172.31.0.4\tip-172-31-0-4\tprimary',
    'PRIVATEIPADDRESS\t172.31.0.5\t(nil)\t(nil)',
    'TAG\tinstance\ti-1\tName\tweb',
  ])
})

test('terminate, stop and start print the two states, reboot nothing', async () => {
  const change = [{ InstanceId: 'i-1', PreviousState: { Name: 'running' }, CurrentState: { Name: 'shutting-down' } }]
  expect(await printed({ TerminatingInstances: change }, 'euca-terminate-instances', 'i-1')).toBe(
    'INSTANCE\ti-1\trunning\tshutting-down\n',
  )
  expect(await printed({ StoppingInstances: change }, 'euca-stop-instances', 'i-1')).toBe(
    'INSTANCE\ti-1\trunning\tshutting-down\n',
  )
  expect(await printed({ StartingInstances: change }, 'euca-start-instances', 'i-1')).toBe(
    'INSTANCE\ti-1\trunning\tshutting-down\n',
  )
  expect(await printed({}, 'euca-reboot-instances', 'i-1')).toBe('')
})

test.each([
  [['i-1', '-f'], { InstanceIds: ['i-1'], Force: true, SkipOsShutdown: true }],
  [['i-1', 'i-2'], { InstanceIds: ['i-1', 'i-2'] }],
])('stop-instances %j gives guests a chance to shut down, or none', async (args, request) => {
  const outside = fakeOutside({ answers: [{}] })
  expect(await main('ec2-stop-instances', args, outside)).toBe(0)
  expect(outside.asked).toEqual([{ operation: 'StopInstances', input: request }])
})

test('console output shows control characters as a terminal does, unless raw', async () => {
  const Output = Buffer.from('a\u001b[0m\tb\r\n\u0000\u007f\u009b').toString('base64')
  const answer = { InstanceId: 'i-1', Timestamp: launched, Output }
  expect(await printed(answer, 'ec2-get-console-output', 'i-1')).toBe(
    'i-1\n2014-04-23T20:11:35.000Z\na^[[0m\tb\r\n^@^??\n',
  )
  expect(await printed(answer, 'ec2-get-console-output', '-r', 'i-1')).toBe(
    'i-1\n2014-04-23T20:11:35.000Z\na\u001b[0m\tb\r\n\u0000\u007f\u009b\n',
  )
})

test('the status of an instance tells of its checks and events', async () => {
  const InstanceStatuses = [
    {
      ...{ InstanceId: 'i-1', AvailabilityZone: 'us-west-2a', InstanceState: { Name: 'running', Code: 16 } },
      InstanceStatus: { Status: 'ok', Details: [{ Name: 'reachability', Status: 'passed' }] },
      SystemStatus: {
        Status: 'impaired',
        Details: [{ Name: 'reachability', Status: 'failed', ImpairedSince: launched }],
      },
      Events: [{ Code: 'instance-retirement', NotBefore: launched, Description: 'host retires' }],
    },
    { InstanceId: 'i-2', InstanceStatus: { Status: 'ok' }, SystemStatus: { Status: 'ok' } },
  ]
  expect(await printed({ InstanceStatuses }, 'euca-describe-instance-status', '--hide-healthy')).toBe(
    [
      'INSTANCE\ti-1\tus-west-2a\trunning\t16\tok\timpaired\tretiring\t2014-04-23T20:11:35.000Z',
      'SYSTEMSTATUS\treachability\tfailed\t2014-04-23T20:11:35.000Z',
      'INSTANCESTATUS\treachability\tpassed\t',
      'EVENT\tinstance-retirement\t2014-04-23T20:11:35.000Z\t\thost retires\n',
    ].join('\n'),
  )
})

test('an attribute is its name, the instance and the value; user data is text of its own', async () => {
  const UserData = { Value: Buffer.from('#!/bin/sh\necho hi').toString('base64') }
  expect(await printed({ InstanceId: 'i-1', UserData }, 'euca-describe-instance-attribute', 'i-1', '--user-data')).toBe(
    'userData\ti-1\n#!/bin/sh\necho hi\n',
  )
  expect(await printed({ InstanceId: 'i-1' }, 'euca-describe-instance-attribute', 'i-1', '--user-data')).toBe(
    'userData\ti-1\t\n',
  )
  const answer = {
    InstanceId: 'i-1',
    DisableApiTermination: { Value: false },
    KernelId: { Value: 'aki-1' },
    Groups: [{ GroupId: 'sg-1' }, { GroupId: 'sg-2' }],
  }
  expect(await printed(answer, 'euca-describe-instance-attribute', '--disable-api-termination', 'i-1')).toBe(
    'disableApiTermination\ti-1\tfalse\n',
  )
  expect(await printed(answer, 'euca-describe-instance-attribute', '--kernel', 'i-1')).toBe('kernel\ti-1\taki-1\n')
  expect(await printed(answer, 'euca-describe-instance-attribute', '-g', 'i-1')).toBe('groupSet\ti-1\tsg-1, sg-2\n')
})

test('instance types are a table padded with spaces', async () => {
  const InstanceTypes = [
    {
      InstanceType: 'm1.small',
      VCpuInfo: { DefaultVCpus: 1 },
      MemoryInfo: { SizeInMiB: 1740 },
      InstanceStorageInfo: { TotalSizeInGB: 160 },
    },
    { InstanceType: 't3.nano', VCpuInfo: { DefaultVCpus: 2 }, MemoryInfo: { SizeInMiB: 512 } },
  ]
  expect(await printed({ InstanceTypes }, 'euca-describe-instance-types')).toBe(
    [
      'INSTANCETYPE\tName      CPUs  Memory (MiB)  Disk (GiB)',
      'INSTANCETYPE\tm1.small     1          1740         160',
      'INSTANCETYPE\tt3.nano      2           512           0\n',
    ].join('\n'),
  )
})
