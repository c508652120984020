/** NAT gateways: guests of other subnets go out by their address, and nobody comes in. */

import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { newId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import type { SubnetRow } from '../../store/tables/resources.ts'
import type { NatGatewayRow } from '../../store/tables/vpcs.ts'
import { destroy, startStrand } from '../../strand/calls.ts'
import { associate } from '../addresses/associate.ts'
import { makeInterface, oneAddress } from '../interfaces/make.ts'
import { natMachine } from './machine.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": NAT gateways per Availability Zone. */
const mostInZone = 5

interface Around {
  readonly now: Date
  readonly random: Random
}

/**
 * Makes a NAT gateway with an interface of its own in the subnet, to which the elastic address leads; and begins to open it.
 * Refuses: NatGatewayLimitExceeded, Resource.AlreadyAssociated, InsufficientFreeAddressesInSubnet.
 */
export async function makeNat(
  tx: Transaction,
  subnet: SubnetRow,
  address: AddressRow,
  wanted: { readonly privateAddress?: string },
  around: Around,
): Promise<NatGatewayRow> {
  await checkCount(tx, subnet)
  const id = newId('natgateway', around.random)
  const nic = await makeInterface(
    tx,
    {
      account: subnet.accountId,
      subnet,
      groups: [],
      addresses: { ...oneAddress, ...(wanted.privateAddress && { primary: wanted.privateAddress }) },
      description: `Interface for NAT Gateway ${id}`,
    },
    around,
  )
  const place = { interfaceId: nic.id, vpcId: nic.vpcId, privateAddress: nic.privateAddress }
  await associate(tx, address, place, { move: false, random: around.random })
  const row: NatGatewayRow = {
    id,
    accountId: subnet.accountId,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    state: 'pending',
    createdAt: around.now.getTime(),
    deletedAt: null,
    interfaceId: nic.id,
    privateAddress: nic.privateAddress,
    allocationId: address.id,
    publicAddress: address.publicAddress,
    wishedIn: 0,
  }
  await tx.db.insertInto('natGateways').values(row).execute()
  await startStrand(tx, natMachine, id)
  return row
}

async function checkCount(tx: Transaction, { zone }: SubnetRow): Promise<void> {
  const others = await tx.db
    .selectFrom('natGateways')
    .innerJoin('subnets', 'subnets.id', 'natGateways.subnetId')
    .select('natGateways.id')
    .where('subnets.zone', '=', zone)
    .where('natGateways.state', 'in', ['pending', 'available'])
    .execute()
  if (others.length >= mostInZone) refuse('NatGatewayLimitExceeded', { zone })
}

/** Begins to end it. One that ends, or has, is left as it is. */
export async function removeNat(tx: Transaction, { id, state }: NatGatewayRow): Promise<void> {
  if (state === 'deleting' || state === 'deleted') return
  await tx.db.updateTable('natGateways').set({ state: 'deleting' }).where('id', '=', id).execute()
  await destroy(tx, id)
}
