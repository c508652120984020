import type { Image, Instance, SecurityGroup } from '@aws-sdk/client-ec2'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandsByName } from './commands/index.ts'
import { type Line, recordText } from './lines.ts'

/** Fields of each kind of line, the kind itself included. Source: CLI formats of euca2ools 3.4. */
const fieldCounts: Readonly<Record<string, number>> = {
  RESERVATION: 4,
  INSTANCE: 33,
  BLOCKDEVICE: 7,
  NETWORKINTERFACE: 9,
  ATTACHMENT: 7,
  ASSOCIATION: 4,
  GROUP: 3,
  PRIVATEIPADDRESS: 4,
  TAG: 5,
  IMAGE: 14,
  REGION: 3,
  AVAILABILITYZONE: 4,
  KEYPAIR: 3,
  VPC: 6,
  SUBNET: 9,
}

/** Any text, with the characters that would break a line. */
const text = fc.oneof(fc.string(), fc.constantFrom('a\tb', 'a\nb', 'a\r\nb', '\u001b[2J', '\u0085'))
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) => fc.record(fields, { requiredKeys: [] })
const list = (it: fc.Arbitrary<unknown>) => fc.array(it, { maxLength: 3 })
const time = fc.date({ noInvalidDate: true })

const group = some({ GroupId: text, GroupName: text })
const tag = some({ Key: text, Value: text })
const networkInterface = some({
  ...{
    NetworkInterfaceId: text,
    SubnetId: text,
    VpcId: text,
    OwnerId: text,
    Status: text,
    PrivateIpAddress: text,
    SourceDestCheck: fc.boolean(),
  },
  Attachment: some({ AttachmentId: text, DeviceIndex: fc.nat(), AttachTime: time, DeleteOnTermination: fc.boolean() }),
  Association: some({ PublicIp: text, IpOwnerId: text }),
  Groups: list(group),
  PrivateIpAddresses: list(
    some({ PrivateIpAddress: text, Primary: fc.boolean(), Association: some({ PublicIp: text }) }),
  ),
})
const instance = some({
  ...{
    InstanceId: text,
    ImageId: text,
    PublicDnsName: text,
    KeyName: text,
    AmiLaunchIndex: fc.nat(),
    LaunchTime: time,
    KernelId: text,
  },
  ...{
    State: some({ Name: text }),
    Placement: some({ AvailabilityZone: text, GroupName: text, Tenancy: text }),
    Monitoring: some({ State: text }),
  },
  ...{
    EbsOptimized: fc.boolean(),
    IamInstanceProfile: some({ Arn: text }),
    ProductCodes: list(some({ ProductCodeId: text })),
  },
  SecurityGroups: list(group),
  BlockDeviceMappings: list(some({ DeviceName: text, Ebs: some({ VolumeId: text, AttachTime: time }) })),
  NetworkInterfaces: list(networkInterface),
  Tags: list(tag),
}) as fc.Arbitrary<Instance>
const image = some({
  ImageId: text,
  Name: text,
  ImageLocation: text,
  OwnerId: text,
  Public: fc.boolean(),
  RootDeviceType: text,
  Tags: list(tag),
}) as fc.Arbitrary<Image>

function render(name: string, output: object): readonly Line[] {
  return commandsByName.get(name)!.render([output], {}) // names of this test's making
}

function checkLines(lines: readonly Line[], showEmpty: boolean): void {
  for (const line of lines) {
    const record = recordText(line as readonly string[], { showEmpty }) // these commands print records only
    const fields = record.split('\t')
    expect(fields, record).toHaveLength(fieldCounts[fields[0] ?? ''] ?? -1)
    expect(record).not.toMatch(/(?!\t)\p{Cc}/u)
    if (showEmpty) expect(fields).not.toContain('')
  }
}

test('a line has as many tabs as its kind, whatever is absent from the answer', () => {
  fc.assert(
    fc.property(list(instance), list(group), fc.boolean(), (Instances, Groups, showEmpty) => {
      checkLines(render('describe-instances', { Reservations: [{ Groups, Instances }] }), showEmpty)
    }),
  )
  fc.assert(
    fc.property(list(image), fc.boolean(), (Images, showEmpty) =>
      checkLines(render('describe-images', { Images }), showEmpty),
    ),
  )
  fc.assert(
    fc.property(
      list(some({ RegionName: text, Endpoint: text })),
      list(some({ ZoneName: text, State: text, Messages: list(some({ Message: text })) })),
      list(some({ VpcId: text, CidrBlock: text, Tags: list(tag) })),
      list(some({ SubnetId: text, AvailableIpAddressCount: fc.nat(), DefaultForAz: fc.boolean(), Tags: list(tag) })),
      list(some({ KeyName: text, KeyFingerprint: text })),
      fc.boolean(),
      (Regions, AvailabilityZones, Vpcs, Subnets, KeyPairs, showEmpty) => {
        checkLines(render('describe-regions', { Regions }), showEmpty)
        checkLines(render('describe-availability-zones', { AvailabilityZones }), showEmpty)
        checkLines(render('describe-vpcs', { Vpcs }), showEmpty)
        checkLines(render('describe-subnets', { Subnets }), showEmpty)
        checkLines(render('describe-keypairs', { KeyPairs }), showEmpty)
      },
    ),
  )
})

test('a group has one line, and one for each source of each rule', () => {
  const rule = some({
    ...{ IpProtocol: text, FromPort: fc.integer(), ToPort: fc.integer() },
    ...{
      IpRanges: list(some({ CidrIp: text })),
      UserIdGroupPairs: list(some({ UserId: text, GroupId: text, GroupName: text })),
    },
  }) as fc.Arbitrary<NonNullable<SecurityGroup['IpPermissions']>[number]>
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 4 }),
      fc.array(rule, { maxLength: 4 }),
      (IpPermissions, IpPermissionsEgress) => {
        const sources = [...IpPermissions, ...IpPermissionsEgress].flatMap((it) => [
          ...(it.IpRanges ?? []),
          ...(it.UserIdGroupPairs ?? []),
        ])
        const [first, ...rest] = render('describe-groups', { SecurityGroups: [{ IpPermissions, IpPermissionsEgress }] })
        expect(first).toHaveLength(6)
        expect(rest).toHaveLength(sources.length)
      },
    ),
  )
})
