import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const makeVpc = async (more: Partial<ec2.CreateVpcRequest> = { AmazonProvidedIpv6CidrBlock: true }) =>
  (await client.send(new ec2.CreateVpcCommand({ CidrBlock: '10.0.0.0/16', ...more }))).Vpc!
const blockOf = (vpc: ec2.Vpc) => vpc.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!
/** The nth /64 of a /56. */
const part = (block: string, n: number) => block.replace(/00::\/56$/, `0${n}::/64`)
const makeSubnet = async (VpcId: string, Ipv6CidrBlock?: string, CidrBlock = '10.0.1.0/24', as = client) =>
  (await as.send(new ec2.CreateSubnetCommand({ VpcId, CidrBlock, Ipv6CidrBlock, AvailabilityZone: 'us-west-2a' })))
    .Subnet!
const describeVpc = async (id: string) => (await client.send(new ec2.DescribeVpcsCommand({ VpcIds: [id] }))).Vpcs![0]!
const describeSubnets = async (input: ec2.DescribeSubnetsRequest) =>
  (await client.send(new ec2.DescribeSubnetsCommand(input))).Subnets!
const assigns = (SubnetId: string, Value = true) =>
  client.send(new ec2.ModifySubnetAttributeCommand({ SubnetId, AssignIpv6AddressOnCreation: { Value } }))
const launch = async (SubnetId: string, more: Partial<ec2.RunInstancesRequest> = {}) => {
  const input = { ImageId: tinyImage, InstanceType: 't2.micro', MinCount: 1, MaxCount: 1, ...more } as const
  const own = more.NetworkInterfaces ? {} : { SubnetId }
  return (await client.send(new ec2.RunInstancesCommand({ ...input, ...own }))).Instances![0]!
}
const nic = async (input: Partial<ec2.CreateNetworkInterfaceRequest>) =>
  (await client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: '', ...input }))).NetworkInterface!
const addresses = (of: ec2.NetworkInterface | ec2.InstanceNetworkInterface) =>
  of.Ipv6Addresses!.map((it) => it.Ipv6Address)
const groupOf = async (vpc: string) => {
  const Filters = [{ Name: 'vpc-id', Values: [vpc] }]
  return (await client.send(new ec2.DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups![0]!
}
const entriesOf = async (vpc: string) => {
  const Filters = [{ Name: 'vpc-id', Values: [vpc] }]
  const acls = await client.send(new ec2.DescribeNetworkAclsCommand({ Filters }))
  return acls.NetworkAcls![0]!.Entries!.map((it) => `${it.RuleNumber} ${it.Ipv6CidrBlock ?? it.CidrBlock}`)
}
const mainTable = async (vpc: string) => {
  const Filters = [{ Name: 'vpc-id', Values: [vpc] }]
  return (await client.send(new ec2.DescribeRouteTablesCommand({ Filters }))).RouteTables![0]!
}
const specs = () =>
  cloud.store.read(async (reader) => {
    const hosts = await reader.db.selectFrom('hosts').select('id').orderBy('id').execute()
    return specsFrom(testCloud)(
      reader,
      hosts.map((it) => it.id),
    )
  })

describe('blocks of IPv6', () => {
  test('a VPC has a /56 of the cloud’s network, no two the same, and says so', async () => {
    const [one, other] = [await makeVpc(), await makeVpc()]
    expect(blockOf(one)).toMatch(/^2001:db8:10[0-9a-f]{0,2}:?.*00::\/56$/)
    expect(blockOf(other)).not.toBe(blockOf(one))
    expect(one.Ipv6CidrBlockAssociationSet).toMatchObject([
      { Ipv6CidrBlockState: { State: 'associated' }, NetworkBorderGroup: 'us-west-2', Ipv6Pool: 'Amazon' },
    ])
    const Filters = [{ Name: 'ipv6-cidr-block-association.ipv6-cidr-block', Values: [blockOf(one)] }]
    expect((await client.send(new ec2.DescribeVpcsCommand({ Filters }))).Vpcs).toMatchObject([{ VpcId: one.VpcId }])
  })

  test('what is not served is refused', async () => {
    const more = { AmazonProvidedIpv6CidrBlock: true }
    expect(await refusal(makeVpc({ Ipv6Pool: 'mine', Ipv6CidrBlock: '2001:db8::/56' }))).toMatch(
      /^UnsupportedOperation/,
    )
    expect(await refusal(makeVpc({ ...more, Ipv6CidrBlockNetworkBorderGroup: 'us-west-2-lax-1' }))).toMatch(
      /^InvalidParameterValue/,
    )
    await makeVpc({ ...more, Ipv6CidrBlockNetworkBorderGroup: 'us-west-2' })
  })

  test('one that comes later opens groups and the ACL that nobody changed, and no other', async () => {
    const { VpcId = '' } = await makeVpc({})
    const { GroupId } = await client.send(
      new ec2.CreateSecurityGroupCommand({ VpcId, GroupName: 'own', Description: 'own' }),
    )
    const closed = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
    await client.send(new ec2.RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: [closed] }))
    const { Ipv6CidrBlockAssociation: block } = await client.send(
      new ec2.AssociateVpcCidrBlockCommand({ VpcId, AmazonProvidedIpv6CidrBlock: true }),
    )
    expect((await groupOf(VpcId)).IpPermissionsEgress).toMatchObject([{ Ipv6Ranges: [{ CidrIpv6: '::/0' }] }])
    const own = await client.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [GroupId!] }))
    expect(own.SecurityGroups![0]!.IpPermissionsEgress).toEqual([])
    expect((await entriesOf(VpcId)).filter((it) => it === '101 ::/0')).toHaveLength(2)
    expect((await describeVpc(VpcId)).Ipv6CidrBlockAssociationSet).toMatchObject([block!])
    const AssociationId = block!.AssociationId!
    const gone = await client.send(new ec2.DisassociateVpcCidrBlockCommand({ AssociationId }))
    expect(gone.Ipv6CidrBlockAssociation).toMatchObject({ Ipv6CidrBlockState: { State: 'disassociated' } })
    expect((await describeVpc(VpcId)).Ipv6CidrBlockAssociationSet).toEqual([])
  })

  test('a VPC has five at most', async () => {
    const { VpcId } = await makeVpc()
    const more = () => client.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId, AmazonProvidedIpv6CidrBlock: true }))
    for (const _ of [2, 3, 4, 5]) await more()
    expect(await refusal(more())).toMatch(/^CidrLimitExceeded/)
  })

  test('a subnet has one /64 of its VPC’s, which is nobody else’s', async () => {
    const vpc = await makeVpc()
    const block = blockOf(vpc)
    const { SubnetId = '', Ipv6CidrBlockAssociationSet } = await makeSubnet(vpc.VpcId!, part(block, 1))
    expect(Ipv6CidrBlockAssociationSet).toMatchObject([{ Ipv6CidrBlock: part(block, 1) }])
    const other = await makeSubnet(vpc.VpcId!, undefined, '10.0.2.0/24')
    const associate = (Ipv6CidrBlock: string, of = other.SubnetId!) =>
      client.send(new ec2.AssociateSubnetCidrBlockCommand({ SubnetId: of, Ipv6CidrBlock }))
    expect(await refusal(associate(part(block, 1)))).toMatch(/^InvalidSubnet.Conflict/)
    expect(await refusal(associate('2001:db8:ffff::/64'))).toMatch(/^InvalidSubnet.Range/)
    expect(await refusal(associate(block))).toMatch(/^InvalidParameterValue/)
    expect(await refusal(associate(part(block, 3), SubnetId))).toMatch(/^InvalidParameterValue/)
    const given = (await associate(part(block, 2))).Ipv6CidrBlockAssociation!
    const Filters = [{ Name: 'ipv6-cidr-block-association.association-id', Values: [given.AssociationId!] }]
    expect(await describeSubnets({ Filters })).toMatchObject([{ SubnetId: other.SubnetId }])
    const AssociationId = vpc.Ipv6CidrBlockAssociationSet![0]!.AssociationId!
    expect(await refusal(client.send(new ec2.DisassociateVpcCidrBlockCommand({ AssociationId })))).toMatch(
      /^InvalidCidrBlock.InUse/,
    )
    await client.send(new ec2.DisassociateSubnetCidrBlockCommand({ AssociationId: given.AssociationId! }))
    expect(await describeSubnets({ Filters })).toEqual([])
    const theirs = new ec2.DisassociateSubnetCidrBlockCommand({
      AssociationId: Ipv6CidrBlockAssociationSet![0]!.AssociationId!,
    })
    expect(await refusal(cloud.client(bob).send(theirs))).toMatch(/^InvalidSubnetCidrBlockAssociationID.NotFound/)
  })

  test('one attribute a call; addresses of IPv6 only where there are any', async () => {
    const vpc = await makeVpc()
    const without = await makeSubnet(vpc.VpcId!, undefined, '10.0.2.0/24')
    expect(await refusal(assigns(without.SubnetId!))).toMatch(/^InvalidParameterValue/)
    const { SubnetId = '' } = await makeSubnet(vpc.VpcId!, part(blockOf(vpc), 1))
    const both = { AssignIpv6AddressOnCreation: { Value: true }, MapPublicIpOnLaunch: { Value: true } }
    expect(await refusal(client.send(new ec2.ModifySubnetAttributeCommand({ SubnetId, ...both })))).toMatch(
      /^InvalidParameterCombination/,
    )
    await assigns(SubnetId)
    expect(await describeSubnets({ SubnetIds: [SubnetId] })).toMatchObject([{ AssignIpv6AddressOnCreation: true }])
  })
})

describe('addresses of IPv6', () => {
  let subnet: string
  let block: string
  beforeEach(async () => {
    const vpc = await makeVpc()
    block = part(blockOf(vpc), 1)
    subnet = (await makeSubnet(vpc.VpcId!, block)).SubnetId!
  })
  const at = (host: string) => block.replace('::/64', `::${host}`)

  test('a launch gets as many as it asks for, or those that it names, and shows them', async () => {
    const { InstanceId, Ipv6Address, NetworkInterfaces } = await launch(subnet, { Ipv6AddressCount: 2 })
    expect(addresses(NetworkInterfaces![0]!)).toHaveLength(2)
    expect(Ipv6Address).toBe(addresses(NetworkInterfaces![0]!)[0])
    const Filters = [{ Name: 'ipv6-address', Values: [Ipv6Address!] }]
    const found = await client.send(new ec2.DescribeInstancesCommand({ Filters }))
    expect(found.Reservations![0]!.Instances).toMatchObject([{ InstanceId }])
    const named = await launch(subnet, { Ipv6Addresses: [{ Ipv6Address: at('0:99') }] })
    expect(named.Ipv6Address).toBe(at('99'))
    const inNic = { DeviceIndex: 0, SubnetId: subnet, Ipv6AddressCount: 1 }
    expect((await launch(subnet, { NetworkInterfaces: [inNic] })).Ipv6Address).toMatch(/^2001:db8:/)
  })

  test('a subnet that gives them gives one; a count of 0 is none', async () => {
    expect((await launch(subnet)).Ipv6Address).toBeUndefined()
    await assigns(subnet)
    expect((await launch(subnet)).Ipv6Address).toMatch(/^2001:db8:/)
    expect(addresses(await nic({ SubnetId: subnet }))).toHaveLength(1)
    expect((await launch(subnet, { Ipv6AddressCount: 0 })).Ipv6Address).toBeUndefined()
  })

  test.each([
    ['one that is kept', '3', 'InvalidParameterValue'],
    ['one that is none', 'zz', 'InvalidParameterValue'],
    ['one that is taken', '99', 'InvalidIPAddress.InUse'],
  ])('%s is refused', async (_what, host, code) => {
    await nic({ SubnetId: subnet, Ipv6Addresses: [{ Ipv6Address: at('99') }] })
    const made = nic({ SubnetId: subnet, Ipv6Addresses: [{ Ipv6Address: at(host) }] })
    expect(await refusal(made)).toMatch(new RegExp(`^${code}`))
  })

  test('what cannot be is refused: prefixes, primary ones, old types, one address for two, subnets without a block', async () => {
    const Ipv6Addresses = [{ Ipv6Address: at('77') }]
    expect(await refusal(launch(subnet, { InstanceType: 'm1.small', Ipv6AddressCount: 1 }))).toMatch(
      /^InvalidParameterCombination: The instance type m1.small does not support IPv6/,
    )
    expect(await refusal(launch(subnet, { Ipv6Addresses, MinCount: 2, MaxCount: 2 }))).toMatch(
      /^InvalidParameterCombination/,
    )
    expect(await refusal(launch(subnet, { EnablePrimaryIpv6: true }))).toMatch(/^UnsupportedOperation/)
    expect(await refusal(nic({ SubnetId: subnet, Ipv6PrefixCount: 1 }))).toMatch(/^UnsupportedOperation/)
    expect(await refusal(launch(subnet, { Ipv6AddressCount: 9 }))).toMatch(/^PrivateIpAddressLimitExceeded/)
    const bare = await makeSubnet((await makeVpc()).VpcId!)
    expect(await refusal(launch(bare.SubnetId!, { Ipv6AddressCount: 1 }))).toMatch(/^InvalidParameterValue/)
  })

  test('are assigned and unassigned, and free again when their interface goes', async () => {
    const { NetworkInterfaceId = '' } = await nic({ SubnetId: subnet })
    const assign = (more: Partial<ec2.AssignIpv6AddressesRequest>) =>
      client.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId, ...more }))
    expect((await assign({ Ipv6Addresses: [at('55')] })).AssignedIpv6Addresses).toEqual([at('55')])
    const [chosen] = (await assign({ Ipv6AddressCount: 1 })).AssignedIpv6Addresses!
    expect(await refusal(assign({}))).toMatch(/^MissingParameter/)
    expect(await refusal(assign({ Ipv6Addresses: [at('55')] }))).toMatch(/^InvalidIPAddress.InUse/)
    const Filters = [{ Name: 'ipv6-addresses.ipv6-address', Values: [chosen!] }]
    const found = await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }))
    expect(addresses(found.NetworkInterfaces![0]!)).toEqual([at('55'), chosen])
    const unassign = (Ipv6Addresses: string[]) =>
      client.send(new ec2.UnassignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6Addresses }))
    expect(await refusal(unassign([at('66')]))).toMatch(/^InvalidParameterValue/)
    expect((await unassign([chosen!])).UnassignedIpv6Addresses).toEqual([chosen])
    const AssociationId = (await describeSubnets({ SubnetIds: [subnet] }))[0]!.Ipv6CidrBlockAssociationSet![0]!
      .AssociationId!
    const disassociate = () => client.send(new ec2.DisassociateSubnetCidrBlockCommand({ AssociationId }))
    expect(await refusal(disassociate())).toMatch(/^InvalidCidrBlock.InUse/)
    await client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId }))
    await disassociate()
  })
})

describe('ways out of IPv6', () => {
  const route = (RouteTableId: string, DestinationIpv6CidrBlock: string, target: object) =>
    client.send(new ec2.CreateRouteCommand({ RouteTableId, DestinationIpv6CidrBlock, ...target }))
  const makeGateway = async (VpcId: string) =>
    (await client.send(new ec2.CreateEgressOnlyInternetGatewayCommand({ VpcId }))).EgressOnlyInternetGateway!

  test('an egress-only gateway is its VPC’s, is routed to for IPv6 alone, and leaves a blackhole', async () => {
    const vpc = await makeVpc()
    const { EgressOnlyInternetGatewayId = '', Attachments } = await makeGateway(vpc.VpcId!)
    expect(EgressOnlyInternetGatewayId).toMatch(/^eigw-/)
    expect(Attachments).toEqual([{ State: 'attached', VpcId: vpc.VpcId }])
    const { RouteTableId = '', Routes } = await mainTable(vpc.VpcId!)
    expect(Routes).toContainEqual(
      expect.objectContaining({ DestinationIpv6CidrBlock: blockOf(vpc), GatewayId: 'local' }),
    )
    await route(RouteTableId, '::/0', { EgressOnlyInternetGatewayId })
    expect(await refusal(route(RouteTableId, blockOf(vpc), { EgressOnlyInternetGatewayId }))).toMatch(
      /^RouteAlreadyExists/,
    )
    const four = new ec2.CreateRouteCommand({
      ...{ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', EgressOnlyInternetGatewayId },
    })
    expect(await refusal(client.send(four))).toMatch(/^InvalidParameterValue/)
    const other = await mainTable((await makeVpc()).VpcId!)
    expect(await refusal(route(other.RouteTableId!, '::/0', { EgressOnlyInternetGatewayId }))).toMatch(
      /^InvalidParameterValue/,
    )
    expect(await refusal(client.send(new ec2.DeleteVpcCommand({ VpcId: vpc.VpcId! })))).toMatch(/^DependencyViolation/)
    const state = async () => (await mainTable(vpc.VpcId!)).Routes!.find((it) => it.EgressOnlyInternetGatewayId)?.State
    expect(await state()).toBe('active')
    const remove = (as = client) =>
      as.send(new ec2.DeleteEgressOnlyInternetGatewayCommand({ EgressOnlyInternetGatewayId }))
    expect(await refusal(remove(cloud.client(bob)))).toMatch(/^InvalidEgressOnlyInternetGatewayId.NotFound/)
    await remove()
    expect(await state()).toBe('blackhole')
    await client.send(new ec2.DeleteRouteCommand({ RouteTableId, DestinationIpv6CidrBlock: '::/0' }))
    expect(await client.send(new ec2.DescribeEgressOnlyInternetGatewaysCommand({}))).toMatchObject({
      EgressOnlyInternetGateways: [],
    })
  })

  test('hosts and the edge are told of all of it, and guests read it', async () => {
    const vpc = await makeVpc()
    const block = part(blockOf(vpc), 1)
    const { SubnetId = '' } = await makeSubnet(vpc.VpcId!, block)
    const { InstanceId = '', Ipv6Address = '' } = await launch(SubnetId, { Ipv6AddressCount: 1 })
    await cloud.run(InstanceId)
    const { RouteTableId = '' } = await mainTable(vpc.VpcId!)
    const { EgressOnlyInternetGatewayId } = await makeGateway(vpc.VpcId!)
    await route(RouteTableId, '::/0', { EgressOnlyInternetGatewayId })
    const all = await specs()
    const router = all.flatMap((it) => it.routers).find((it) => it.vpc === vpc.VpcId)!
    expect(router.cidrs).toEqual(['10.0.0.0/16', blockOf(vpc)])
    expect(router.subnets).toMatchObject([{ ipv6: { cidr: block, gateway: block.replace('/64', '1') } }])
    expect(router.vifs).toMatchObject([{ ipv6: [Ipv6Address] }])
    expect(router.groups[0]!.members).toContain(Ipv6Address)
    expect(router.tables).toMatchObject([{ sources: ['10.0.1.0/24', block], ways: [{ to: '::/0' }] }])
    const tree = router.vifs[0]!.metadata.tree
    const mac = ['meta-data', 'network', 'interfaces', 'macs', router.vifs[0]!.mac]
    expect(tree).toHaveProperty(['meta-data', 'ipv6'], Ipv6Address)
    expect(tree).toHaveProperty([...mac, 'ipv6s'], Ipv6Address)
    expect(tree).toHaveProperty([...mac, 'subnet-ipv6-cidr-blocks'], block)
    expect(tree).toHaveProperty([...mac, 'vpc-ipv6-cidr-blocks'], blockOf(vpc))
    expect(tree).toHaveProperty([...mac, 'vpc-ipv4-cidr-blocks'], '10.0.0.0/16')
    const edge = (list: typeof all) => list.flatMap((it) => it.edge?.networks ?? []).find((it) => it.vpc === vpc.VpcId)
    expect(edge(all)).toMatchObject({ ipv6: { open: [], outward: [block] }, tables: [{ ways: [] }] })
    expect(edge(all)!.routes).toContainEqual(expect.objectContaining({ to: `${Ipv6Address}/128` }))
    const { InternetGatewayId } = (await client.send(new ec2.CreateInternetGatewayCommand({}))).InternetGateway!
    await client.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId, VpcId: vpc.VpcId! }))
    const other = { RouteTableId, DestinationIpv6CidrBlock: '::/0', GatewayId: InternetGatewayId }
    await client.send(new ec2.ReplaceRouteCommand(other))
    expect(edge(await specs())).toMatchObject({ ipv6: { open: [block], outward: [] } })
  })
})
