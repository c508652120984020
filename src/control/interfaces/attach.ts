/** Interfaces come to instances. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { newId, type ResourceId } from '../../model/ids.ts'
import { instanceType } from '../../model/instance-types.ts'
import { updateRows } from '../../store/prepared.ts'
import type { Transaction } from '../../store/store.ts'
import type { InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import { destroy, startStrand } from '../../strand/calls.ts'
import { addressesOf } from '../addresses/of-interfaces.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { checkRoom6 } from '../ipv6/addresses.ts'
import { natOfInterface } from '../nat-gateways/find.ts'
import { attachmentMachine } from './attachment-machine.ts'
import { leaveInstance } from './detach.ts'

export interface At {
  readonly deviceIndex: number
  readonly deleteOnTermination: boolean
}

interface Around {
  readonly now: Date
  readonly random: Random
}

/**
 * Makes the interface the instance's. The primary one is there at once, as the instance has no machine yet; each other gets
 * a strand that sees it come. Nobody is told: a launch tells once for all, `attach` for one.
 */
export async function joinInstance(
  tx: Transaction,
  { id }: InterfaceRow,
  instance: InstanceRow,
  at: At,
  around: Around,
): Promise<ResourceId<'network-interface-attachment'>> {
  const columns = attached(instance, at, around)
  await updateRows(tx, 'interfaces', { id }, columns)
  if (at.deviceIndex > 0) await startStrand(tx, attachmentMachine, columns.attachmentId)
  return columns.attachmentId
}

/** What an interface is that comes to the instance. */
export function attached(
  { id }: Pick<InstanceRow, 'id'>,
  { deviceIndex, deleteOnTermination }: At,
  { now, random }: Around,
) {
  return {
    instanceId: id,
    deviceIndex,
    attachmentId: newId('network-interface-attachment', random),
    attachedAt: now.getTime(),
    attachmentState: deviceIndex === 0 ? 'attached' : 'attaching',
    deleteOnTermination: deleteOnTermination ? 1 : 0,
  } as const
}

/**
 * Begins to attach the interface to an instance that runs or is stopped. It survives the instance, unless that is changed.
 * Refuses an interface in use or elsewhere, an index that is taken, and more than the type has.
 * Source: for the texts, chef/knife-ec2#375, cilium/cilium#42512 and hashicorp/terraform-provider-aws#27513. Guess: those for
 * zones, networks and states.
 */
export async function attach(
  tx: Transaction,
  nic: InterfaceRow,
  instance: InstanceRow,
  deviceIndex: number,
  around: Around,
): Promise<ResourceId<'network-interface-attachment'>> {
  if (nic.instanceId !== null || (await natOfInterface(tx, nic.id)))
    refuse('InvalidNetworkInterface.InUse', { id: nic.id })
  if (instance.state !== 'running' && instance.state !== 'stopped')
    refuse('IncorrectState', { message: `Instance '${instance.id}' is not 'running' or 'stopped'.` })
  if (nic.zone !== instance.zone)
    refuse('InvalidParameterCombination', {
      message: 'You may not attach a network interface to an instance if they are not in the same availability zone',
    })
  const there = await tx.db.selectFrom('interfaces').selectAll().where('instanceId', '=', instance.id).execute()
  if (there.some((it) => it.vpcId !== nic.vpcId))
    refuse('InvalidParameterCombination', {
      message: 'You may not attach a network interface to an instance if they are not in the same VPC',
    })
  if (there.some((it) => it.deviceIndex === deviceIndex))
    refuse('InvalidParameterValue', {
      message: `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    })
  await refuseLeftover(tx, nic, instance)
  await checkLimits(tx, instance.type, there.length + 1, [nic])
  const at = { deviceIndex, deleteOnTermination: false }
  const attachmentId = await joinInstance(tx, nic, instance, at, around)
  await wishVpc(tx, nic.vpcId)
  return attachmentId
}

/** Refuses more interfaces, or more addresses on one, than instances of the type have. */
export async function checkLimits(
  tx: Transaction,
  type: string,
  count: number,
  nics: readonly InterfaceRow[],
): Promise<void> {
  const { maxInterfaces, ipv4PerInterface } = instanceType(type)! // instances are made of types that exist
  if (count > maxInterfaces) refuse('AttachmentLimitExceeded', { count, type })
  await checkRoom6(tx, type, nics)
  const addresses = await addressesOf(tx, nics)
  if (nics.some((it) => addresses(it.id).length > ipv4PerInterface)) refuse('PrivateIpAddressLimitExceeded')
}

/** After a forced detachment the machine may still have it, at a tap that is gone: it cannot come a second time before it went. */
async function refuseLeftover(tx: Transaction, nic: InterfaceRow, { domainId }: InstanceRow): Promise<void> {
  const fact = await tx.db.selectFrom('domainFacts').select('vifsJson').where('id', '=', domainId).executeTakeFirst()
  if ((JSON.parse(fact?.vifsJson ?? '[]') as string[]).includes(nic.id))
    refuse('InvalidNetworkInterface.InUse', { id: nic.id })
}

/**
 * Begins to detach the interface; `force` does not wait for the guest to let go of it, and cuts it off. Again is no error.
 * Source: for the refusal, getmoto/moto#7678.
 */
export async function detach(tx: Transaction, nic: InterfaceRow, force: boolean): Promise<void> {
  if (nic.deviceIndex === 0)
    refuse('OperationNotPermitted', {
      message: 'The network interface at device index 0 and networkCard index 0 cannot be detached.',
    })
  if (force) return await leaveInstance(tx, nic)
  await tx.db.updateTable('interfaces').set({ attachmentState: 'detaching' }).where('id', '=', nic.id).execute()
  await destroy(tx, nic.attachmentId ?? '')
}
