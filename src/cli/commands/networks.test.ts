import { expect, test } from 'vitest'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'

async function ran(line: string, answer: object = {}) {
  const [name = '', ...args] = line.split(' ')
  const outside = fakeOutside({ answers: [answer] })
  const status = await main(name, args, outside)
  return { status, asked: outside.asked, out: outside.printed.out, err: outside.printed.err }
}

const route = { RouteTableId: 'rtb-1', DestinationCidrBlock: '0.0.0.0/0' }

test.each([
  ['euca-create-vpc 10.0.0.0/16', 'CreateVpc', { CidrBlock: '10.0.0.0/16' }],
  ['ec2-delete-vpc vpc-1', 'DeleteVpc', { VpcId: 'vpc-1' }],
  [
    'euca-create-subnet -c vpc-1 -i 10.0.0.0/24 -z us-west-2a',
    'CreateSubnet',
    { VpcId: 'vpc-1', CidrBlock: '10.0.0.0/24', AvailabilityZone: 'us-west-2a' },
  ],
  ['euca-delete-subnet subnet-1', 'DeleteSubnet', { SubnetId: 'subnet-1' }],
  ['euca-create-internet-gateway', 'CreateInternetGateway', {}],
  [
    'euca-attach-internet-gateway igw-1 -c vpc-1',
    'AttachInternetGateway',
    { InternetGatewayId: 'igw-1', VpcId: 'vpc-1' },
  ],
  [
    'euca-detach-internet-gateway igw-1 -c vpc-1',
    'DetachInternetGateway',
    { InternetGatewayId: 'igw-1', VpcId: 'vpc-1' },
  ],
  ['euca-delete-internet-gateway igw-1', 'DeleteInternetGateway', { InternetGatewayId: 'igw-1' }],
  ['euca-create-route-table vpc-1', 'CreateRouteTable', { VpcId: 'vpc-1' }],
  ['euca-delete-route-table rtb-1', 'DeleteRouteTable', { RouteTableId: 'rtb-1' }],
  ['euca-create-route rtb-1 -d 0.0.0.0/0 -g igw-1', 'CreateRoute', { ...route, GatewayId: 'igw-1' }],
  ['euca-create-route rtb-1 -d 0.0.0.0/0 -i i-1', 'CreateRoute', { ...route, InstanceId: 'i-1' }],
  ['euca-create-route rtb-1 -d 0.0.0.0/0 -n eni-1', 'CreateRoute', { ...route, NetworkInterfaceId: 'eni-1' }],
  ['euca-create-route rtb-1 -d 0.0.0.0/0 --nat-gateway nat-1', 'CreateRoute', { ...route, NatGatewayId: 'nat-1' }],
  ['euca-replace-route rtb-1 -d 0.0.0.0/0 -p pcx-1', 'ReplaceRoute', { ...route, VpcPeeringConnectionId: 'pcx-1' }],
  ['euca-delete-route rtb-1 -d 0.0.0.0/0', 'DeleteRoute', route],
  [
    'euca-associate-route-table rtb-1 -s subnet-1',
    'AssociateRouteTable',
    { RouteTableId: 'rtb-1', SubnetId: 'subnet-1' },
  ],
  ['euca-disassociate-route-table rtbassoc-1', 'DisassociateRouteTable', { AssociationId: 'rtbassoc-1' }],
  [
    'euca-replace-route-table-association rtbassoc-1 -r rtb-2',
    'ReplaceRouteTableAssociation',
    { AssociationId: 'rtbassoc-1', RouteTableId: 'rtb-2' },
  ],
  [
    'euca-create-nat-gateway -s subnet-1 -a eipalloc-1',
    'CreateNatGateway',
    { SubnetId: 'subnet-1', AllocationId: 'eipalloc-1' },
  ],
  ['euca-delete-nat-gateway nat-1', 'DeleteNatGateway', { NatGatewayId: 'nat-1' }],
  [
    'euca-describe-nat-gateways --filter state=available',
    'DescribeNatGateways',
    { Filter: [{ Name: 'state', Values: ['available'] }] },
  ],
  [
    'euca-create-dhcp-options domain-name=lab.example ntp-servers=10.0.0.5,10.0.0.6',
    'CreateDhcpOptions',
    {
      DhcpConfigurations: [
        { Key: 'domain-name', Values: ['lab.example'] },
        { Key: 'ntp-servers', Values: ['10.0.0.5', '10.0.0.6'] },
      ],
    },
  ],
  [
    'euca-associate-dhcp-options default -c vpc-1',
    'AssociateDhcpOptions',
    { DhcpOptionsId: 'default', VpcId: 'vpc-1' },
  ],
  ['euca-delete-dhcp-options dopt-1', 'DeleteDhcpOptions', { DhcpOptionsId: 'dopt-1' }],
  [
    'euca-create-vpc-peering-connection -c vpc-1 -p vpc-2 -o 444455556666',
    'CreateVpcPeeringConnection',
    { VpcId: 'vpc-1', PeerVpcId: 'vpc-2', PeerOwnerId: '444455556666' },
  ],
  ['euca-accept-vpc-peering-connection pcx-1', 'AcceptVpcPeeringConnection', { VpcPeeringConnectionId: 'pcx-1' }],
  ['euca-reject-vpc-peering-connection pcx-1', 'RejectVpcPeeringConnection', { VpcPeeringConnectionId: 'pcx-1' }],
  ['euca-delete-vpc-peering-connection pcx-1', 'DeleteVpcPeeringConnection', { VpcPeeringConnectionId: 'pcx-1' }],
])('%s', async (line, operation, input) => {
  const { status, asked, err } = await ran(line)
  expect(status, err).toBe(0)
  expect(asked).toEqual([{ operation, input }])
})

test.each([
  ['euca-create-route rtb-1 -d 0.0.0.0/0', /one of the arguments/],
  ['euca-create-route rtb-1 -d 0.0.0.0/0 -g igw-1 -i i-1', /not allowed with argument/],
  ['euca-create-dhcp-options colour=red', /'colour' is not a valid DHCP option/],
  ['euca-create-dhcp-options domain-name', /must have form KEY=VALUE/],
])('%s is a mistake', async (line, told) => {
  const { status, err } = await ran(line)
  expect(status).toBe(2)
  expect(err).toMatch(told)
})

test('route tables are told with their routes and subnets', async () => {
  const { out } = await ran('euca-describe-route-tables', {
    RouteTables: [
      {
        ...{ RouteTableId: 'rtb-1', VpcId: 'vpc-1', Tags: [{ Key: 'Name', Value: 'lab' }] },
        Routes: [
          { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', State: 'active', Origin: 'CreateRouteTable' },
          { DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1', State: 'blackhole', Origin: 'CreateRoute' },
        ],
        Associations: [{ RouteTableAssociationId: 'rtbassoc-1', Main: true }],
      },
    ],
  })
  expect(out.split('\n')).toEqual([
    'ROUTETABLE\trtb-1\tvpc-1',
    'ROUTE\tlocal\tactive\t10.0.0.0/16\tCreateRouteTable',
    'ROUTE\tnat-1\tblackhole\t0.0.0.0/0\tCreateRoute',
    'ASSOCIATION\trtbassoc-1\t\tmain',
    'TAG\troute-table\trtb-1\tName\tlab',
    '',
  ])
})

test('gateways, options and peerings are told', async () => {
  const internet = { InternetGatewayId: 'igw-1', Attachments: [{ VpcId: 'vpc-1', State: 'available' }] }
  expect((await ran('euca-describe-internet-gateways', { InternetGateways: [internet] })).out).toBe(
    'INTERNETGATEWAY\tigw-1\nATTACHMENT\tvpc-1\tavailable\n',
  )
  const options = {
    DhcpOptionsId: 'dopt-1',
    DhcpConfigurations: [{ Key: 'ntp-servers', Values: [{ Value: '10.0.0.5' }] }],
  }
  expect((await ran('euca-describe-dhcp-options', { DhcpOptions: [options] })).out).toBe(
    'DHCPOPTIONS\tdopt-1\nOPTION\tntp-servers\t10.0.0.5\n',
  )
  const peering = {
    ...{ VpcPeeringConnectionId: 'pcx-1', Status: { Code: 'active', Message: 'Active' } },
    RequesterVpcInfo: { VpcId: 'vpc-1', CidrBlock: '10.0.0.0/16', OwnerId: '111122223333' },
    AccepterVpcInfo: { VpcId: 'vpc-2', CidrBlock: '10.1.0.0/16', OwnerId: '444455556666' },
  }
  const { out } = await ran('euca-describe-vpc-peering-connections', { VpcPeeringConnections: [peering] })
  expect(out.split('\n')).toEqual([
    'VPCPEERINGCONNECTION\tpcx-1\t\tactive: Active',
    'REQUESTERVPCINFO\tvpc-1\t10.0.0.0/16\t111122223333',
    'ACCEPTERVPCINFO\tvpc-2\t10.1.0.0/16\t444455556666',
    '',
  ])
  const nat = { NatGatewayId: 'nat-1', State: 'available', SubnetId: 'subnet-1', VpcId: 'vpc-1' }
  expect((await ran('euca-describe-nat-gateways', { NatGateways: [nat] })).out).toBe(
    'NATGATEWAY\tnat-1\tavailable\tsubnet-1\tvpc-1\t\t\t\t\n',
  )
})
