/** Which private address an association means. */
import { refuse } from '../../model/errors.ts'
import type { AccountId, VpcId } from '../../model/ids.ts'
import type { InstanceState } from '../../model/instance-states.ts'
import type { Reader } from '../../store/store.ts'
import { refuseSeveral } from '../instances/change.ts'
import { type AttachedInterface, findInstance, interfacesOf } from '../instances/find.ts'
import { listInterfaces } from '../interfaces/find.ts'
import type { Place } from './associate.ts'

interface Named {
  readonly InstanceId?: string | undefined
  readonly NetworkInterfaceId?: string | undefined
  readonly PrivateIpAddress?: string | undefined
}

const fit: ReadonlySet<InstanceState> = new Set(['running', 'stopping', 'stopped'])

/**
 * The private address named, or the primary one, of the instance's only interface or of the interface named.
 * Refuses an instance with several interfaces, and one that does not run and is not stopped.
 * Source: for the texts, bevacqua/grunt-ec2#15, hashicorp/terraform-provider-aws#6189 and NixOS/nixops-aws#55. Guess: those
 * for parameters that do not fit.
 */
export async function placeOf(reader: Reader, account: AccountId, named: Named): Promise<Place> {
  if (named.InstanceId && named.NetworkInterfaceId)
    refuse('InvalidParameterCombination', {
      message: 'You may specify instance id or network interface id, but not both in the same call',
    })
  const { row, addresses } = named.NetworkInterfaceId
    ? await ofInterface(reader, account, named.NetworkInterfaceId)
    : await ofInstance(reader, account, named.InstanceId)
  const wanted = named.PrivateIpAddress ?? row.privateAddress
  if (!addresses.some((it) => it.address === wanted))
    refuse('InvalidParameterValue', {
      message: `Private IP address ${wanted} is not assigned to network interface '${row.id}'`,
    })
  await requireWayOut(reader, row.vpcId)
  return { interfaceId: row.id, vpcId: row.vpcId, privateAddress: wanted }
}

/** Source: EC2 API Reference, "Error codes" (Gateway.NotAttached); for the text, errors of EC2 quoted in public. */
async function requireWayOut(reader: Reader, vpcId: VpcId): Promise<void> {
  const gateway = await reader.db
    .selectFrom('internetGateways')
    .select('id')
    .where('vpcId', '=', vpcId)
    .executeTakeFirst()
  if (!gateway) refuse('Gateway.NotAttached', { message: `Network ${vpcId} is not attached to any internet gateway` })
}

async function ofInterface(reader: Reader, account: AccountId, id: string): Promise<AttachedInterface> {
  const [nic] = await listInterfaces(reader, account, [id])
  const { row } = nic! // listInterfaces refuses what it does not find
  if (row.instanceId === null) return nic!
  const { state } = await findInstance(reader, account, row.instanceId)
  if (!fit.has(state))
    refuse('IncorrectInstanceState', {
      message: `The ${state} instance to which '${id}' is attached is not in a valid state for this operation`,
    })
  return nic!
}

async function ofInstance(reader: Reader, account: AccountId, id: string | undefined): Promise<AttachedInterface> {
  if (!id) refuse('MissingParameter', { message: 'Either instance id or network interface id must be specified' })
  const instance = await findInstance(reader, account, id)
  const [nic, ...more] = (await interfacesOf(reader, [instance.id])).get(instance.id) ?? []
  if (!nic || !fit.has(instance.state))
    refuse('InvalidInstanceID', {
      message: `The ${instance.state} instance '${id}' is not in a valid state for this operation.`,
    })
  if (more.length > 0) refuseSeveral(instance)
  return nic
}
