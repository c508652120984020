import { type Cloud, zoneName } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import type { AccountId, SubnetId, VpcId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader } from '../../store/store.ts'
import type { SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { findDefaultVpc } from './default-vpc.ts'

/** The account's VPCs, or those named, in the order of their ids. */
export async function listVpcs(reader: Reader, account: AccountId, ids: readonly string[] = []): Promise<VpcRow[]> {
  const all = reader.db.selectFrom('vpcs').selectAll().where('accountId', '=', account)
  if (ids.length === 0) return all.orderBy('id').execute()
  const named = checkIds('vpc', ids)
  return requireAll('vpc', named, await all.where('id', 'in', named).execute())
}

export async function findVpc(reader: Reader, account: AccountId, id: string): Promise<VpcRow> {
  const [vpc] = await listVpcs(reader, account, [id])
  return vpc! // listVpcs refuses what it does not find
}

export async function findSubnet(reader: Reader, account: AccountId, id: string): Promise<SubnetRow> {
  const [subnet] = await listSubnets(reader, account, [id])
  return subnet! // listSubnets refuses what it does not find
}

/** The account's subnets, or those named, in the order of their ids. */
export async function listSubnets(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<SubnetRow[]> {
  if (ids.length === 0) return subnetsOf(reader, account)
  const named = checkIds('subnet', ids)
  return requireAll('subnet', named, await subnetsNamed(reader, account, named))
}

const subnetsOf = prepared((db, account: AccountId) =>
  db.selectFrom('subnets').selectAll().where('accountId', '=', account).orderBy('id'),
)
const subnetsNamed = prepared((db, account: AccountId, ids: readonly SubnetId[]) =>
  db.selectFrom('subnets').selectAll().where('accountId', '=', account).where('id', 'in', ids),
)

export async function requireDefaultVpc(reader: Reader, account: AccountId): Promise<VpcRow> {
  return (await findDefaultVpc(reader, account)) ?? refuse('InvalidVpcID.NotFound', { id: 'default' })
}

/** The subnets that a launch may use: the one named, or the default ones of the zone named, or of every zone. */
export async function findLaunchSubnets(
  reader: Reader,
  account: AccountId,
  cloud: Cloud,
  wanted: { readonly subnet?: string; readonly zone?: string },
): Promise<SubnetRow[]> {
  if (wanted.zone !== undefined) requireZone(cloud, wanted.zone)
  if (wanted.subnet === undefined) return defaultSubnets(reader, account, wanted.zone)
  const [subnet] = await listSubnets(reader, account, [wanted.subnet])
  if (wanted.zone !== undefined && subnet!.zone !== wanted.zone) {
    refuse('InvalidParameterCombination', {
      message: `Subnet ${wanted.subnet} is in the availability zone ${subnet!.zone}, not in ${wanted.zone}`,
    })
  }
  return [subnet!] // listSubnets refuses what it does not find
}

async function defaultSubnets(reader: Reader, account: AccountId, zone: string | undefined): Promise<SubnetRow[]> {
  const vpc: VpcId = (await requireDefaultVpc(reader, account)).id
  const subnets = await defaultIn(reader, vpc)
  const usable = zone === undefined ? subnets : subnets.filter((it) => it.zone === zone)
  if (usable.length === 0) refuse('InvalidSubnetID.NotFound', { id: `default of ${zone ?? 'any zone'}` })
  return usable
}

const defaultIn = prepared((db, vpc: VpcId) =>
  db.selectFrom('subnets').selectAll().where('vpcId', '=', vpc).where('isDefault', '=', 1).orderBy('id'),
)

/** Refuses a zone that this region does not have. */
export function requireZone(cloud: Cloud, zone: string): void {
  if (cloud.zones.some((it) => zoneName(cloud, it) === zone)) return
  refuse('InvalidParameterValue', { message: `Invalid availability zone: [${zone}]` })
}
