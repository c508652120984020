import { expect, test } from 'vitest'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'

async function printed(answer: object, name: string, ...args: string[]): Promise<string> {
  const outside = fakeOutside({ answers: [answer] })
  expect(await main(name, args, outside), outside.printed.err).toBe(0)
  return outside.printed.out
}

test('regions and zones', async () => {
  expect(
    await printed(
      { Regions: [{ RegionName: 'us-west-2', Endpoint: 'http://127.0.0.1:8773' }] },
      'euca-describe-regions',
    ),
  ).toBe('REGION\tus-west-2\thttp://127.0.0.1:8773\n')
  const AvailabilityZones = [
    { ZoneName: 'us-west-2a', State: 'available' },
    { ZoneName: 'us-west-2c', State: 'unavailable', Messages: [{ Message: 'power' }, { Message: 'flood' }] },
  ]
  expect(await printed({ AvailabilityZones }, 'ec2-describe-availability-zones')).toBe(
    'AVAILABILITYZONE\tus-west-2a\tavailable\t\nAVAILABILITYZONE\tus-west-2c\tunavailable\tpower, flood\n',
  )
})

test('an image shows its place in the object store, or its owner and name', async () => {
  const Images = [
    {
      ImageId: 'ami-2',
      Name: 'disk',
      OwnerId: '1',
      State: 'available',
      Public: false,
      RootDeviceType: 'ebs',
      BlockDeviceMappings: [
        {
          DeviceName: '/dev/sda1',
          Ebs: { SnapshotId: 'snap-1', VolumeSize: 8, DeleteOnTermination: true, VolumeType: 'gp2' },
        },
        { DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' },
      ],
    },
    {
      ...{
        ImageId: 'ami-1',
        Name: 'tiny',
        ImageLocation: 'bucket/tiny.manifest.xml',
        ImageOwnerAlias: 'amazon',
        OwnerId: '1',
        State: 'available',
        Public: true,
      },
      ...{
        Architecture: 'x86_64',
        ImageType: 'machine',
        KernelId: 'aki-1',
        RootDeviceType: 'instance-store',
        VirtualizationType: 'hvm',
        Hypervisor: 'xen',
      },
      Tags: [{ Key: 'user', Value: 'root' }],
    },
  ]
  expect((await printed({ Images }, 'euca-describe-images', '-a')).split('\n')).toEqual([
    'IMAGE\tami-1\tbucket/tiny.manifest.xml\tamazon\tavailable\tpublic\tx86_64\tmachine\taki-1\t\t\tinstance-store\thvm\txen',
    'TAG\timage\tami-1\tuser\troot',
    'IMAGE\tami-2\t1/disk\t1\tavailable\tprivate\t\t\t\t\t\tebs\t\t',
    'BLOCKDEVICEMAPPING\tEBS\t/dev/sda1\tsnap-1\t8\ttrue\tgp2\t',
    'BLOCKDEVICEMAPPING\tEPHEMERAL\t/dev/sdb\tephemeral0',
    '',
  ])
})

test('the group of the guides, with its rules', async () => {
  const SecurityGroups = [
    {
      ...{
        GroupId: 'sg-f64f9a93',
        OwnerId: '932234911131',
        GroupName: 'cs290b',
        Description: 'rich-test-group',
        VpcId: 'vpc-94ad41f1',
      },
      IpPermissions: [
        {
          IpProtocol: 'tcp',
          FromPort: 22,
          ToPort: 22,
          IpRanges: [{ CidrIp: '0.0.0.0/0' }],
          Ipv6Ranges: [{ CidrIpv6: '::/0' }],
        },
        {
          IpProtocol: 'udp',
          FromPort: 1,
          ToPort: 9,
          UserIdGroupPairs: [
            { UserId: '1', GroupId: 'sg-2', GroupName: 'db' },
            { UserId: '2', GroupId: 'sg-3' },
          ],
        },
      ],
      IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    },
  ]
  expect((await printed({ SecurityGroups }, 'euca-describe-groups', 'cs290b')).split('\n')).toEqual([
    'GROUP\tsg-f64f9a93\t932234911131\tcs290b\trich-test-group\tvpc-94ad41f1',
    'PERMISSION\t932234911131\tcs290b\tALLOWS\ttcp\t22\t22\tFROM\tCIDR\t0.0.0.0/0\tingress',
    'PERMISSION\t932234911131\tcs290b\tALLOWS\ttcp\t22\t22\tFROM\tCIDR\t::/0\tingress',
    'PERMISSION\t932234911131\tcs290b\tALLOWS\tudp\t1\t9\tFROM\tUSER\t1\tNAME\tdb\tID\tsg-2\tingress',
    'PERMISSION\t932234911131\tcs290b\tALLOWS\tudp\t1\t9\tFROM\tUSER\t2\tID\tsg-3\tingress',
    'PERMISSION\t932234911131\tcs290b\tALLOWS\t-1\t\t\tTO\tCIDR\t0.0.0.0/0\tegress',
    '',
  ])
})

test('what is made, changed and deleted is told from the arguments', async () => {
  expect(await printed({ GroupId: 'sg-1' }, 'euca-create-group', 'cs290b', '-d', 'rich-test-group')).toBe(
    'GROUP\tsg-1\tcs290b\trich-test-group\n',
  )
  expect(await printed({ Return: true }, 'euca-delete-group', 'cs290b')).toBe('RETURN\ttrue\n')
  expect(await printed({}, 'ec2-authorize', 'webserver', '-P', 'tcp', '-p', '80')).toBe(
    'GROUP\twebserver\nPERMISSION\twebserver\tALLOWS\ttcp\t80\t80\tFROM\tCIDR\t0.0.0.0/0\n',
  )
  expect(await printed({}, 'euca-revoke', 'g', '-P', 'icmp', '-o', 'h', '-u', '1')).toBe(
    'GROUP\tg\nPERMISSION\tg\tALLOWS\ticmp\t-1\t-1\tUSER\t1\tNAME\th\n',
  )
  expect(await printed({}, 'euca-authorize', 'g', '-P', 'all', '-o', 'sg-1a2b')).toBe(
    'GROUP\tg\nPERMISSION\tg\tALLOWS\t-1\t\t\tID\tsg-1a2b\n',
  )
  expect(await printed({}, 'euca-delete-keypair', 'k')).toBe('KEYPAIR\tk\n')
  expect(await printed({}, 'euca-create-tags', 'i-1', 'vpc-2', '--tag', 'a=b', '--tag', 'c')).toBe(
    'TAG\tinstance\ti-1\ta\tb\nTAG\tinstance\ti-1\tc\t\nTAG\tvpc\tvpc-2\ta\tb\nTAG\tvpc\tvpc-2\tc\t\n',
  )
  expect(await printed({}, 'euca-delete-tags', 'i-1', '--tag', 'a')).toBe('')
})

test('key pairs and tags are listed', async () => {
  expect(await printed({ KeyPairs: [{ KeyName: 'k', KeyFingerprint: '1f:2e' }] }, 'euca-describe-keypairs')).toBe(
    'KEYPAIR\tk\t1f:2e\n',
  )
  expect(
    await printed(
      { Tags: [{ ResourceType: 'instance', ResourceId: 'i-1', Key: 'a', Value: '' }] },
      'euca-describe-tags',
    ),
  ).toBe('TAG\tinstance\ti-1\ta\t\n')
})

test('VPCs, subnets and interfaces', async () => {
  expect(
    await printed(
      {
        Vpcs: [
          {
            VpcId: 'vpc-1',
            State: 'available',
            CidrBlock: '172.31.0.0/16',
            DhcpOptionsId: 'dopt-1',
            InstanceTenancy: 'default',
            Tags: [{ Key: 'a', Value: 'b' }],
          },
        ],
      },
      'euca-describe-vpcs',
    ),
  ).toBe('VPC\tvpc-1\tavailable\t172.31.0.0/16\tdopt-1\tdefault\nTAG\tvpc\tvpc-1\ta\tb\n')
  expect(
    await printed(
      {
        Subnets: [
          {
            SubnetId: 'subnet-1',
            State: 'available',
            VpcId: 'vpc-1',
            CidrBlock: '172.31.0.0/20',
            AvailableIpAddressCount: 4091,
            AvailabilityZone: 'us-west-2a',
            DefaultForAz: true,
            MapPublicIpOnLaunch: true,
          },
        ],
      },
      'euca-describe-subnets',
    ),
  ).toBe('SUBNET\tsubnet-1\tavailable\tvpc-1\t172.31.0.0/20\t4091\tus-west-2a\ttrue\ttrue\n')
  expect(
    await printed(
      {
        NetworkInterfaces: [
          { NetworkInterfaceId: 'eni-1', Attachment: { InstanceId: 'i-1', AttachmentId: 'eni-attach-1' } },
        ],
      },
      'euca-describe-network-interfaces',
    ),
  ).toBe('NETWORKINTERFACE\teni-1\t\t\t\t\t\t\t\nATTACHMENT\ti-1\teni-attach-1\t\t\t\t\n')
})
