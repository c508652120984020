import type { EC2 } from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import type { Random } from '../../src/base/random.ts'
import { alice, bob, type TestCloud, tinyImage } from '../../src/ec2/testing.ts'

/** Makes calls of two accounts, with ids that it has seen: of things that are there, were there, or are somebody else's. */
export class NetworkCaller {
  readonly clients: readonly [EC2, EC2]
  readonly #cloud: TestCloud
  readonly #random: Random
  readonly #ids = [new Map<string, string[]>(), new Map<string, string[]>()] as const
  #who = 0
  served = 0

  constructor(cloud: TestCloud, random: Random) {
    this.#cloud = cloud
    this.#random = random
    this.clients = [cloud.client(alice), cloud.client(bob)]
  }

  async callOne(): Promise<void> {
    const call = this.#pick(Object.values(this.#calls))
    this.#who = this.#pick([0, 1])
    try {
      await call(this.clients[this.#who]!)
      this.served++
    } catch (error) {
      expect(error, 'a fault of ours').toHaveProperty('$metadata.httpStatusCode')
      expect((error as Error).name).not.toBe('InternalError')
    }
  }

  #pick<T>(some: readonly T[]): T {
    return some[this.#random.bytes(4).readUInt32BE() % some.length]!
  }

  #seen(kind: string, id: string | undefined): void {
    const ids = this.#ids[this.#who]!
    if (id) ids.set(kind, [...(ids.get(kind) ?? []).filter((it) => it !== id), id])
  }

  /** Mostly the caller's own, and rather one of the last that were made. */
  #some(kind: string): string {
    const whose = this.#pick([0, 0, 0, 0, 0, 0, 0, 1]) ? 1 - this.#who : this.#who
    const ids = this.#ids[whose]!.get(kind) ?? []
    return this.#pick(ids.length > 0 ? (this.#pick([0, 1, 1, 1]) ? ids.slice(-3) : ids) : [`${kind}-11111111`])
  }

  #cidr(): string {
    return this.#pick([
      '10.0.0.0/16',
      '10.1.0.0/16',
      '10.2.0.0/16',
      '10.0.0.0/24',
      '10.0.1.0/24',
      '10.1.0.0/24',
      '10.2.9.0/28',
    ])
  }

  #destination(): string {
    return this.#pick(['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16', '198.51.100.0/24', '192.0.2.0/25'])
  }

  #destination6(): string {
    return this.#pick(['::/0', '::/0', '2600::/16', '2001:db8:ffff::/48'])
  }

  /** A /64 of a /56 that was seen. */
  #part6(): string {
    return this.#some('block6').replace(/(?<=:[0-9a-f]+)00::\/56$/, `0${this.#pick([1, 2, 3])}::/64`)
  }

  #target6(): object {
    return this.#pick([
      { GatewayId: this.#some('igw') },
      { EgressOnlyInternetGatewayId: this.#some('eigw') },
      { VpcPeeringConnectionId: this.#some('pcx') },
      { NetworkInterfaceId: this.#some('eni') },
    ])
  }

  #target(): object {
    return this.#pick([
      { GatewayId: this.#some('igw') },
      { NatGatewayId: this.#some('nat') },
      { VpcPeeringConnectionId: this.#some('pcx') },
      { NetworkInterfaceId: this.#some('eni') },
    ])
  }

  readonly #calls: Readonly<Record<string, (ec2: EC2) => Promise<void>>> = {
    addBlock6: async (ec2) => {
      const { Ipv6CidrBlockAssociation: it } = await ec2.associateVpcCidrBlock({
        ...{ VpcId: this.#some('vpc'), AmazonProvidedIpv6CidrBlock: true },
      })
      this.#seen('vpc-cidr-assoc', it?.AssociationId)
      this.#seen('block6', it?.Ipv6CidrBlock)
    },
    createSubnet6: async (ec2) => {
      const AvailabilityZone = this.#pick(['us-west-2a', 'us-west-2b'])
      const input = { VpcId: this.#some('vpc'), CidrBlock: this.#cidr(), AvailabilityZone }
      this.#seen('subnet', (await ec2.createSubnet({ ...input, Ipv6CidrBlock: this.#part6() })).Subnet?.SubnetId)
    },
    addSubnetBlock6: async (ec2) => {
      // What belongs together by chance is rare: a subnet whose VPC has a block.
      const { Subnets = [] } = await ec2.describeSubnets({ SubnetIds: [this.#some('subnet')] })
      const { Vpcs = [] } = await ec2.describeVpcs({ VpcIds: Subnets.map((it) => it.VpcId!) })
      this.#seen('block6', Vpcs[0]?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock)
      const input = { SubnetId: Subnets[0]?.SubnetId, Ipv6CidrBlock: this.#part6() }
      this.#seen(
        'subnet-cidr-assoc',
        (await ec2.associateSubnetCidrBlock(input)).Ipv6CidrBlockAssociation?.AssociationId,
      )
      await ec2.modifySubnetAttribute({ SubnetId: input.SubnetId, AssignIpv6AddressOnCreation: { Value: true } })
    },
    addSubnetBlock6Again: async (ec2) => this.#calls['addSubnetBlock6']!(ec2),
    takeSubnetBlock6: async (ec2) =>
      void (await ec2.disassociateSubnetCidrBlock({ AssociationId: this.#some('subnet-cidr-assoc') })),
    assign6: async (ec2) => {
      const input = { NetworkInterfaceId: this.#some('eni'), Ipv6AddressCount: this.#pick([1, 1, 2]) }
      for (const it of (await ec2.assignIpv6Addresses(input)).AssignedIpv6Addresses ?? []) this.#seen('address6', it)
    },
    assign6Again: async (ec2) => this.#calls['assign6']!(ec2),
    unassign6: async (ec2) => {
      const input = { NetworkInterfaceId: this.#some('eni'), Ipv6Addresses: [this.#some('address6')] }
      await ec2.unassignIpv6Addresses(input)
    },
    createOutward: async (ec2) => {
      const { EgressOnlyInternetGateway: it } = await ec2.createEgressOnlyInternetGateway({ VpcId: this.#some('vpc') })
      this.#seen('eigw', it?.EgressOnlyInternetGatewayId)
    },
    deleteOutward: async (ec2) => {
      await ec2.deleteEgressOnlyInternetGateway({ EgressOnlyInternetGatewayId: this.#some('eigw') })
    },
    createRoute6: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), DestinationIpv6CidrBlock: this.#destination6() }
      await ec2.createRoute({ ...input, ...this.#target6() })
    },
    createRoute6Again: async (ec2) => this.#calls['createRoute6']!(ec2),
    replaceRoute6: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), DestinationIpv6CidrBlock: this.#destination6() }
      await ec2.replaceRoute({ ...input, ...this.#target6() })
    },
    deleteRoute6: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), DestinationIpv6CidrBlock: this.#destination6() }
      await ec2.deleteRoute(input)
    },
    createAcl: async (ec2) =>
      this.#seen('acl', (await ec2.createNetworkAcl({ VpcId: this.#some('vpc') })).NetworkAcl?.NetworkAclId),
    allowByAcl: async (ec2) => {
      const network = this.#pick([
        { CidrBlock: '10.0.0.0/8' },
        { Ipv6CidrBlock: '::/0' },
        { Ipv6CidrBlock: '2600::/16' },
      ])
      await ec2.createNetworkAclEntry({
        ...{
          NetworkAclId: this.#some('acl'),
          Egress: this.#pick([true, false]),
          RuleNumber: this.#pick([50, 60, 200]),
        },
        ...{ Protocol: '6', PortRange: { From: 22, To: 22 }, RuleAction: this.#pick(['allow', 'deny']), ...network },
      })
    },
    forgetByAcl: async (ec2) => {
      const entry = { Egress: this.#pick([true, false]), RuleNumber: this.#pick([50, 60, 100, 101, 200]) }
      await ec2.deleteNetworkAclEntry({ NetworkAclId: this.#some('acl'), ...entry })
    },
    replaceAcl: async (ec2) => {
      const input = { AssociationId: this.#some('aclassoc'), NetworkAclId: this.#some('acl') }
      this.#seen('aclassoc', (await ec2.replaceNetworkAclAssociation(input)).NewAssociationId)
    },
    createVpc: async (ec2) => this.#seen('vpc', (await ec2.createVpc({ CidrBlock: this.#cidr() })).Vpc?.VpcId),
    deleteVpc: async (ec2) => void (await ec2.deleteVpc({ VpcId: this.#some('vpc') })),
    addBlock: async (ec2) => {
      const input = { VpcId: this.#some('vpc'), CidrBlock: this.#pick(['10.5.0.0/16', '10.6.0.0/20', '10.0.0.0/20']) }
      this.#seen('vpc-cidr-assoc', (await ec2.associateVpcCidrBlock(input)).CidrBlockAssociation?.AssociationId)
    },
    takeBlock: async (ec2) =>
      void (await ec2.disassociateVpcCidrBlock({ AssociationId: this.#some('vpc-cidr-assoc') })),
    createSubnet: async (ec2) => {
      const AvailabilityZone = this.#pick(['us-west-2a', 'us-west-2b'])
      const input = { VpcId: this.#some('vpc'), CidrBlock: this.#cidr(), AvailabilityZone }
      this.#seen('subnet', (await ec2.createSubnet(input)).Subnet?.SubnetId)
    },
    createAnother: async (ec2) => this.#calls['createSubnet']!(ec2),
    deleteSubnet: async (ec2) => void (await ec2.deleteSubnet({ SubnetId: this.#some('subnet') })),
    mapPublic: async (ec2) =>
      void (await ec2.modifySubnetAttribute({ SubnetId: this.#some('subnet'), MapPublicIpOnLaunch: { Value: true } })),
    createTable: async (ec2) => {
      const { RouteTable: table } = await ec2.createRouteTable({ VpcId: this.#some('vpc') })
      this.#seen('rtb', table?.RouteTableId)
    },
    look: async (ec2) => {
      for (const it of (await ec2.describeVpcs({})).Vpcs ?? []) {
        this.#seen('vpc', it.VpcId)
        for (const of of it.Ipv6CidrBlockAssociationSet ?? []) this.#seen('block6', of.Ipv6CidrBlock)
      }
      for (const it of (await ec2.describeNetworkAcls({})).NetworkAcls ?? []) {
        this.#seen('acl', it.NetworkAclId)
        for (const { NetworkAclAssociationId: id } of it.Associations ?? []) this.#seen('aclassoc', id)
      }
      for (const it of (await ec2.describeSubnets({})).Subnets ?? []) this.#seen('subnet', it.SubnetId)
      for (const it of (await ec2.describeInternetGateways({})).InternetGateways ?? [])
        this.#seen('igw', it.InternetGatewayId)
      for (const it of (await ec2.describeRouteTables({})).RouteTables ?? []) {
        this.#seen('rtb', it.RouteTableId)
        for (const { RouteTableAssociationId: id } of it.Associations ?? []) this.#seen('rtbassoc', id)
      }
    },
    lookAgain: async (ec2) => this.#calls['look']!(ec2),
    deleteTable: async (ec2) => void (await ec2.deleteRouteTable({ RouteTableId: this.#some('rtb') })),
    associateTable: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), SubnetId: this.#some('subnet') }
      this.#seen('rtbassoc', (await ec2.associateRouteTable(input)).AssociationId)
    },
    replaceAssociation: async (ec2) => {
      const input = { AssociationId: this.#some('rtbassoc'), RouteTableId: this.#some('rtb') }
      this.#seen('rtbassoc', (await ec2.replaceRouteTableAssociation(input)).NewAssociationId)
    },
    disassociateTable: async (ec2) =>
      void (await ec2.disassociateRouteTable({ AssociationId: this.#some('rtbassoc') })),
    createRoute: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), DestinationCidrBlock: this.#destination() }
      await ec2.createRoute({ ...input, ...this.#target() })
    },
    createAnotherRoute: async (ec2) => this.#calls['createRoute']!(ec2),
    replaceRoute: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), DestinationCidrBlock: this.#destination() }
      await ec2.replaceRoute({ ...input, ...this.#target() })
    },
    deleteRoute: async (ec2) => {
      await ec2.deleteRoute({ RouteTableId: this.#some('rtb'), DestinationCidrBlock: this.#destination() })
    },
    createGateway: async (ec2) =>
      this.#seen('igw', (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId),
    attachGateway: async (ec2) => {
      await ec2.attachInternetGateway({ InternetGatewayId: this.#some('igw'), VpcId: this.#some('vpc') })
    },
    detachGateway: async (ec2) => {
      await ec2.detachInternetGateway({ InternetGatewayId: this.#some('igw'), VpcId: this.#some('vpc') })
    },
    deleteGateway: async (ec2) => void (await ec2.deleteInternetGateway({ InternetGatewayId: this.#some('igw') })),
    allocate: async (ec2) => this.#seen('eipalloc', (await ec2.allocateAddress({})).AllocationId),
    associate: async (ec2) => {
      await ec2.associateAddress({ AllocationId: this.#some('eipalloc'), NetworkInterfaceId: this.#some('eni') })
    },
    release: async (ec2) => void (await ec2.releaseAddress({ AllocationId: this.#some('eipalloc') })),
    createNat: async (ec2) => {
      const input = { SubnetId: this.#some('subnet'), AllocationId: this.#some('eipalloc') }
      this.#seen('nat', (await ec2.createNatGateway(input)).NatGateway?.NatGatewayId)
    },
    deleteNat: async (ec2) => void (await ec2.deleteNatGateway({ NatGatewayId: this.#some('nat') })),
    peer: async (ec2) => {
      const input = { VpcId: this.#some('vpc'), PeerVpcId: this.#some('vpc'), PeerOwnerId: this.#pick([alice, bob]) }
      this.#seen('pcx', (await ec2.createVpcPeeringConnection(input)).VpcPeeringConnection?.VpcPeeringConnectionId)
    },
    accept: async (ec2) => void (await ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId: this.#some('pcx') })),
    endPeering: async (ec2) =>
      void (await ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId: this.#some('pcx') })),
    createGroup: async (ec2) => {
      const input = { GroupName: `g${this.served}`, Description: 'chance', VpcId: this.#some('vpc') }
      this.#seen('sg', (await ec2.createSecurityGroup(input)).GroupId)
    },
    allow: async (ec2) => {
      const source = this.#pick([
        { IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
        { Ipv6Ranges: [{ CidrIpv6: this.#pick(['::/0', '2600::/16']) }] },
        { UserIdGroupPairs: [{ GroupId: this.#some('sg') }] },
      ])
      const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, ...source }]
      await ec2.authorizeSecurityGroupIngress({ GroupId: this.#some('sg'), IpPermissions })
    },
    deleteGroup: async (ec2) => void (await ec2.deleteSecurityGroup({ GroupId: this.#some('sg') })),
    createInterface: async (ec2) => {
      const { NetworkInterface: nic } = await ec2.createNetworkInterface({ SubnetId: this.#some('subnet') })
      this.#seen('eni', nic?.NetworkInterfaceId)
    },
    deleteInterface: async (ec2) => void (await ec2.deleteNetworkInterface({ NetworkInterfaceId: this.#some('eni') })),
    launch: async (ec2) => {
      const launch = { ImageId: tinyImage, InstanceType: 't2.nano' as const, MinCount: 1, MaxCount: 1 }
      const { Instances = [] } = await ec2.runInstances({ ...launch, SubnetId: this.#some('subnet') })
      for (const it of Instances) {
        await this.#cloud.run(it.InstanceId!)
        this.#seen('i', it.InstanceId)
        this.#seen('eni', it.NetworkInterfaces?.[0]?.NetworkInterfaceId)
      }
    },
    launchAnother: async (ec2) => this.#calls['launch']!(ec2),
    end: async (ec2) => {
      const id = this.#some('i')
      await ec2.terminateInstances({ InstanceIds: [id] })
      await this.#cloud.end(id)
    },
  }
}
