/** What the interfaces of a launch are made of: subnets, groups, addresses, and interfaces that are there already. */
import type { LaunchInterface, LaunchRequest } from '../control/instances/launch.ts'
import { takenAddresses } from '../control/interfaces/allocate.ts'
import { checkAddress, checkAddresses } from '../control/interfaces/check-addresses.ts'
import { findInterface } from '../control/interfaces/find.ts'
import { checkGroupCount } from '../control/interfaces/groups.ts'
import { findGroups } from '../control/security-groups/groups.ts'
import { inBlock } from '../control/vpcs/addresses.ts'
import { findLaunchSubnets, listSubnets } from '../control/vpcs/find.ts'
import { refuse } from '../model/errors.ts'
import type { GroupId } from '../model/ids.ts'
import type { InterfaceRow, SubnetRow } from '../store/tables/resources.ts'
import type { Context } from './action.ts'
import type { LaunchNetwork, LaunchNic } from './parse/launch-network.ts'

type Interfaces = Pick<
  LaunchRequest,
  'subnets' | 'groups' | 'publicAddress' | 'addresses' | 'description' | 'deleteOnTermination' | 'primary' | 'others'
>

/** Refuses interfaces in use, in several zones or VPCs, and addresses that cannot be had. */
export async function launchInterfaces(
  context: Context,
  { primary: nic, others, publicAddress }: LaunchNetwork,
  asked: { zone?: string },
): Promise<Interfaces> {
  const primary = nic.existing === undefined ? undefined : await unused(context, nic.existing)
  const subnets = await subnetsFor(context, nic, primary, asked)
  const { vpcId } = subnets[0]! // findLaunchSubnets refuses when there is none
  const more: LaunchInterface[] = []
  for (const it of others) more.push(await otherInterface(context, it, subnets))
  const zones = new Set(more.map((it) => ('nic' in it ? it.nic.zone : it.fresh.subnet.zone)))
  const usable = zones.size === 0 ? subnets : subnets.filter((it) => zones.has(it.zone))
  if (zones.size > 1 || usable.length === 0)
    refuse('InvalidParameterCombination', { message: 'Network interfaces must be in the same availability zone' })
  return {
    subnets: primary ? usable : await withAddresses(context, usable, nic),
    groups: await groupsFor(context, nic, vpcId),
    ...(publicAddress !== undefined && { publicAddress }),
    addresses: nic.addresses,
    description: nic.description,
    deleteOnTermination: nic.deleteOnTermination,
    ...(primary && { primary }),
    others: more,
  }
}

async function subnetsFor(
  { tx, caller, cloud }: Context,
  { subnet }: LaunchNic,
  primary: InterfaceRow | undefined,
  asked: { zone?: string },
): Promise<SubnetRow[]> {
  const named = primary?.subnetId ?? subnet
  return findLaunchSubnets(tx, caller.account, cloud, { ...(named !== undefined && { subnet: named }), ...asked })
}

async function otherInterface(
  context: Context,
  nic: LaunchNic,
  subnets: readonly SubnetRow[],
): Promise<LaunchInterface> {
  const { deviceIndex, deleteOnTermination, addresses, description } = nic
  const at = { deviceIndex, deleteOnTermination }
  const found = nic.existing === undefined ? undefined : await unused(context, nic.existing)
  const subnet = found ? undefined : await subnetOf(context, nic, subnets)
  if ((found ?? subnet)?.vpcId !== subnets[0]?.vpcId)
    refuse('InvalidParameterCombination', { message: 'Network interfaces must be in the same VPC' })
  if (found) return { ...at, nic: found }
  await checkAddresses(context.tx, subnet!, [...(addresses.primary ? [addresses.primary] : []), ...addresses.secondary]) // one of both is there
  const groups = await groupsFor(context, nic, subnet!.vpcId)
  return { ...at, fresh: { account: context.caller.account, subnet: subnet!, groups, addresses, description } }
}

/** Guess: that one without a subnet is in that of the primary one, where only one may be. */
async function subnetOf(
  { tx, caller }: Context,
  { subnet }: LaunchNic,
  subnets: readonly SubnetRow[],
): Promise<SubnetRow> {
  const [found] = subnet === undefined ? subnets : await listSubnets(tx, caller.account, [subnet])
  return found! // listSubnets refuses what it does not find
}

async function unused({ tx, caller }: Context, id: string): Promise<InterfaceRow> {
  const row = await findInterface(tx, caller.account, id)
  return row.instanceId === null ? row : refuse('InvalidNetworkInterface.InUse', { id })
}

async function groupsFor({ tx, caller }: Context, nic: LaunchNic, vpc: SubnetRow['vpcId']): Promise<GroupId[]> {
  const none = nic.groupIds.length === 0 && nic.groupNames.length === 0
  const names = none ? ['default'] : nic.groupNames
  const groups = await findGroups(tx, caller.account, vpc, { ids: nic.groupIds, names })
  const ids = groups.map((it) => it.id)
  checkGroupCount(ids)
  return ids
}

/** Those of the subnets that can give the primary interface the addresses named. */
async function withAddresses(
  { tx }: Context,
  subnets: readonly SubnetRow[],
  { addresses: { primary, secondary } }: LaunchNic,
): Promise<SubnetRow[]> {
  const named = [...(primary ? [primary] : []), ...secondary]
  const fitting = subnets.filter((it) => named.every((address) => inBlock(it.cidr, address)))
  for (const address of named) {
    const subnet = fitting[0] ?? subnets[0]!
    checkAddress(subnet, address)
    if ((await takenAddresses(tx, subnet)).includes(address))
      refuse('InvalidIPAddress.InUse', { message: `Address ${address} is in use.` })
  }
  return fitting
}
