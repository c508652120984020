import { expect, test } from 'vitest'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'
import { commands } from './index.ts'

const files = { 'user-data.sh': '#!/bin/sh\n', 'id.pub': 'ssh-ed25519 AAAA' }

/** The requests of one command line. */
async function asked(line: string) {
  const [name = '', ...args] = line.split(' ')
  const outside = fakeOutside({ files })
  expect(await main(name, args, outside), outside.printed.err).toBe(0)
  return outside.asked
}

async function input(line: string): Promise<object> {
  const requests = await asked(line)
  expect(requests).toHaveLength(1)
  return requests[0]!.input // there is one
}

/** SPEC, "The examples that must work word for word": those whose actions are served. */
const examples: [string, string, object][] = [
  [
    'ec2-run-instances ami-f937d290 -k amazon',
    'RunInstances',
    { ImageId: 'ami-f937d290', KeyName: 'amazon', MinCount: 1, MaxCount: 1 },
  ],
  [
    'ec2-run-instances ami-f937d290 -n 10 -k amazon',
    'RunInstances',
    { ImageId: 'ami-f937d290', KeyName: 'amazon', MinCount: 10, MaxCount: 10 },
  ],
  ['ec2-get-console-output i-8fad57e6', 'GetConsoleOutput', { InstanceId: 'i-8fad57e6' }],
  [
    'ec2-authorize webserver -P tcp -p 22',
    'AuthorizeSecurityGroupIngress',
    {
      GroupName: 'webserver',
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    },
  ],
  ['euca-describe-images -a', 'DescribeImages', {}],
  ['euca-create-keypair -f testkey testkey', 'CreateKeyPair', { KeyName: 'testkey' }],
  [
    'euca-run-instances ami-f33fa9c3 -k testkey -t m1.small',
    'RunInstances',
    { ImageId: 'ami-f33fa9c3', KeyName: 'testkey', InstanceType: 'm1.small', MinCount: 1, MaxCount: 1 },
  ],
  [
    'euca-run-instances ami-f33fa9c3 -k testkey -t m1.small -g cs290b',
    'RunInstances',
    {
      ImageId: 'ami-f33fa9c3',
      KeyName: 'testkey',
      InstanceType: 'm1.small',
      SecurityGroups: ['cs290b'],
      MinCount: 1,
      MaxCount: 1,
    },
  ],
  ['euca-describe-instances', 'DescribeInstances', {}],
  ['euca-terminate-instances i-75ade57d', 'TerminateInstances', { InstanceIds: ['i-75ade57d'] }],
  [
    'euca-authorize default -P tcp -p 22 -s 0.0.0.0/0',
    'AuthorizeSecurityGroupIngress',
    {
      GroupName: 'default',
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    },
  ],
  [
    'euca-create-group cs290b -d rich-test-group',
    'CreateSecurityGroup',
    { GroupName: 'cs290b', Description: 'rich-test-group' },
  ],
  ['euca-describe-groups cs290b', 'DescribeSecurityGroups', { GroupNames: ['cs290b'] }],
]

test.each(examples)('%s', async (line, operation, request) => {
  expect(await asked(line)).toEqual([{ operation, input: request }])
})

test('describe-images asks for what is mine and what is shared with me, unless told otherwise', async () => {
  expect((await asked('euca-describe-images')).map((it) => it.input)).toEqual([
    { Owners: ['self'] },
    { ExecutableUsers: ['self'] },
  ])
  expect(await input('euca-describe-images -o amazon -x all ami-1')).toEqual({
    Owners: ['amazon'],
    ExecutableUsers: ['all'],
    ImageIds: ['ami-1'],
  })
})

test('an image that is in both answers is shown once', async () => {
  const outside = fakeOutside({
    answers: [{ Images: [{ ImageId: 'ami-1' }] }, { Images: [{ ImageId: 'ami-1' }, { ImageId: 'ami-0' }] }],
  })
  await main('euca-describe-images', [], outside)
  expect(outside.printed.out.match(/ami-\d/g)).toEqual(['ami-0', 'ami-1'])
})

test('run-instances knows its many flags', async () => {
  expect(
    await input(
      'euca-run-instances ami-1 -n 5-2 -g sg-1a -g web -z us-west-2c --kernel aki-1 --ramdisk ari-1 -m --client-token t --disable-api-termination -b /dev/sdb=ephemeral0 -b /dev/sdc=none -b /dev/sdf=snap-1:8:true:io1:100 -f user-data.sh',
    ),
  ).toEqual({
    ...{
      ImageId: 'ami-1',
      MinCount: 2,
      MaxCount: 5,
      SecurityGroupIds: ['sg-1a'],
      SecurityGroups: ['web'],
      KernelId: 'aki-1',
      RamdiskId: 'ari-1',
    },
    ...{
      Placement: { AvailabilityZone: 'us-west-2c' },
      Monitoring: { Enabled: true },
      ClientToken: 't',
      DisableApiTermination: true,
    },
    BlockDeviceMappings: [
      { DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' },
      { DeviceName: '/dev/sdc', NoDevice: 'none' },
      {
        DeviceName: '/dev/sdf',
        Ebs: { SnapshotId: 'snap-1', VolumeSize: 8, DeleteOnTermination: true, VolumeType: 'io1', Iops: 100 },
      },
    ],
    UserData: Buffer.from('#!/bin/sh\n').toString('base64'),
  })
})

test('with a subnet everything about the network goes into one interface', async () => {
  expect(
    await input(
      'euca-run-instances ami-1 -s subnet-1 -g sg-1 --private-ip-address 172.31.0.9 --associate-public-ip-address --secondary-count 2',
    ),
  ).toMatchObject({
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: 'subnet-1',
        Groups: ['sg-1'],
        AssociatePublicIpAddress: true,
        PrivateIpAddresses: [{ PrivateIpAddress: '172.31.0.9', Primary: true }],
        SecondaryPrivateIpAddressCount: 2,
      },
    ],
  })
  expect(await input('euca-run-instances ami-1 --addressing private')).toMatchObject({
    NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }],
  })
})

test('user data that names a file is refused, unless forced', async () => {
  const outside = fakeOutside({ files })
  expect(await main('euca-run-instances', ['ami-1', '-d', 'user-data.sh'], outside)).toBe(2)
  expect(outside.asked).toEqual([])
  expect(await input('euca-run-instances ami-1 --user-data-force user-data.sh')).toMatchObject({
    UserData: Buffer.from('user-data.sh').toString('base64'),
  })
})

test('a rule is for ports or ICMP types, from ranges or groups, in or out', async () => {
  const rule = async (line: string) => (await asked(line)).map(({ operation, input }) => [operation, input])
  expect(await rule('euca-authorize g -p ssh -s 2001:db8::/32')).toEqual([
    [
      'AuthorizeSecurityGroupIngress',
      {
        GroupName: 'g',
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }] }],
      },
    ],
  ])
  expect(await rule('euca-revoke sg-1a -P udp -p -1 -o sg-2b')).toEqual([
    [
      'RevokeSecurityGroupIngress',
      {
        GroupId: 'sg-1a',
        IpPermissions: [{ IpProtocol: 'udp', FromPort: 1, ToPort: 65535, UserIdGroupPairs: [{ GroupId: 'sg-2b' }] }],
      },
    ],
  ])
  expect(await rule('euca-authorize sg-1a --egress -P icmp -t 8:0 -s 10.0.0.0/8')).toEqual([
    [
      'AuthorizeSecurityGroupEgress',
      {
        GroupId: 'sg-1a',
        IpPermissions: [{ IpProtocol: 'icmp', FromPort: 8, ToPort: 0, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
      },
    ],
  ])
  expect(await rule('euca-revoke sg-1a --egress -P -1')).toEqual([
    [
      'RevokeSecurityGroupEgress',
      { GroupId: 'sg-1a', IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] },
    ],
  ])
})

test('a rule that makes no sense is refused before anything is asked', async () => {
  const refused: [string, string][] = [
    ['euca-authorize g -P tcp', 'argument -p/--port-range is required for protocol "tcp"'],
    ['euca-authorize g -P icmp -p 22', 'argument -p/--port-range: not compatible with protocol "icmp"'],
    ['euca-authorize g -P tcp -t 1:1', 'argument -t/--icmp-type-code: not compatible with protocol "tcp"'],
    ['euca-authorize g -p 22 -o other', 'argument -u is required when -o names a security group by name'],
    ['euca-authorize g -p 22 --egress', 'egress rules must use group IDs, not names'],
  ]
  for (const [line, message] of refused) {
    const outside = fakeOutside()
    const [name = '', ...args] = line.split(' ')
    expect(await main(name, args, outside), line).toBe(2)
    expect(outside.printed.err).toContain(`${name}: error: ${message}\n`)
    expect(outside.asked).toEqual([])
  }
})

test('tags: a key without value deletes whatever it is, KEY= only the empty one', async () => {
  expect(await input('euca-delete-tags i-1 --tag a --tag b= --tag c=d=e')).toEqual({
    Resources: ['i-1'],
    Tags: [{ Key: 'a' }, { Key: 'b', Value: '' }, { Key: 'c', Value: 'd=e' }],
  })
})

test('keys are imported from a file, attributes changed one at a time', async () => {
  expect(await input('euca-import-keypair k -f id.pub')).toEqual({
    KeyName: 'k',
    PublicKeyMaterial: Buffer.from(files['id.pub']),
  })
  expect(await input('euca-modify-instance-attribute i-1 --disable-api-termination true')).toEqual({
    InstanceId: 'i-1',
    DisableApiTermination: { Value: true },
  })
  expect(await input('euca-modify-instance-attribute i-1 -g sg-1 -g sg-2')).toEqual({
    InstanceId: 'i-1',
    Groups: ['sg-1', 'sg-2'],
  })
  expect(await input('euca-modify-instance-attribute i-1 --user-data aGk=')).toEqual({
    InstanceId: 'i-1',
    UserData: { Value: Buffer.from('hi') },
  })
  expect(await input('euca-describe-instance-attribute i-1 -t')).toEqual({
    InstanceId: 'i-1',
    Attribute: 'instanceType',
  })
})

test('no two commands share a name, and no two flags of a command', () => {
  const names = commands.flatMap((it) => [it.name, ...it.aliases])
  expect(new Set(names).size).toBe(names.length)
  for (const { name, params } of commands) {
    const flags = Object.values(params).flatMap((it) => (it.kind === 'flag' ? it.names : []))
    expect(new Set(flags).size, name).toBe(flags.length)
  }
})
