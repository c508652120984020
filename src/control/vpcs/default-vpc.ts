/** The VPC that every account has from the start: a subnet in each zone, and a way out. */
import type { Random } from '../../base/random.ts'
import { type Cloud, zoneName } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import { attachGateway, makeGateway } from '../internet-gateways/gateways.ts'
import { addRoute } from '../route-tables/routes.ts'
import { mainTable } from '../route-tables/tables.ts'
import { makeSubnet } from '../subnets/make.ts'
import { subBlock } from './addresses.ts'
import { overlap } from './blocks.ts'
import { makeVpc } from './make.ts'

/** Source: VPC User Guide, "Default VPC components". */
const defaultCidr = '172.31.0.0/16'
const defaultSubnetPrefix = 20
const defaultSubnets = 2 ** (defaultSubnetPrefix - 16)

interface Around {
  readonly cloud: Cloud
  readonly now: Date
  readonly random: Random
}

export function findDefaultVpc(reader: Reader, account: AccountId): Promise<VpcRow | undefined> {
  return reader.db
    .selectFrom('vpcs')
    .selectAll()
    .where('accountId', '=', account)
    .where('isDefault', '=', 1)
    .executeTakeFirst()
}

/** Makes the account's default VPC unless it ever had one: who deleted it may have meant it. */
export async function ensureDefaultVpc(tx: Transaction, account: AccountId, around: Around): Promise<void> {
  const had = await tx.db.selectFrom('dhcpOptions').select('id').where('accountId', '=', account).executeTakeFirst()
  if (!had) await makeDefaultVpc(tx, account, around)
}

/** A default VPC with its subnets, and an internet gateway that its main route table leads to. Refuses: DefaultVpcAlreadyExists. */
export async function makeDefaultVpc(tx: Transaction, account: AccountId, around: Around): Promise<VpcRow> {
  if (await findDefaultVpc(tx, account)) refuse('DefaultVpcAlreadyExists')
  const { cloud, random } = around
  const vpc = await makeVpc(tx, { account, cidr: defaultCidr, isDefault: true }, around)
  for (const zone of cloud.zones) await makeDefaultSubnet(tx, vpc, zoneName(cloud, zone), random)
  const gateway = await makeGateway(tx, account, random)
  await attachGateway(tx, gateway, vpc)
  await addRoute(tx, await mainTable(tx, vpc.id), { destination: '0.0.0.0/0', target: gateway.id })
  return vpc
}

/** A default subnet in the zone: the first free /20. Refuses: DefaultSubnetAlreadyExistsInAvailabilityZone. */
export async function makeDefaultSubnet(
  tx: Transaction,
  vpc: VpcRow,
  zone: string,
  random: Random,
): Promise<SubnetRow> {
  const subnets = await tx.db.selectFrom('subnets').selectAll().where('vpcId', '=', vpc.id).execute()
  const there = subnets.find((it) => it.zone === zone && it.isDefault === 1)
  if (there) refuse('DefaultSubnetAlreadyExistsInAvailabilityZone', { id: there.id, zone })
  const blocks = Array.from({ length: defaultSubnets }, (_, index) => subBlock(vpc.cidr, defaultSubnetPrefix, index))
  const cidr = blocks.find((it) => !subnets.some((other) => overlap(other.cidr, it)))
  if (!cidr) refuse('InvalidSubnet.Conflict', { cidr: vpc.cidr })
  return makeSubnet(tx, vpc, { cidr, zone, isDefault: true }, random)
}
