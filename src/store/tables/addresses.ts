/** Rows of public and of secondary private addresses. */
import type { AccountId, InterfaceId, ResourceId, VpcId } from '../../model/ids.ts'
import type { Truth } from './resources.ts'

export interface AddressTables {
  addresses: AddressRow
  secondaryAddresses: SecondaryAddressRow
}

/** A public address of the pool that is in use. It leads to one private address of one interface, or nowhere yet. */
export interface AddressRow {
  /** What EC2 calls the allocation id; nobody is told that of an address that is lent. */
  id: ResourceId<'elastic-ip'>
  accountId: AccountId
  publicAddress: string
  /** Elastic ones stay their account's. Others are lent to an interface while its instance runs, and never leave it. */
  elastic: Truth
  /** Of elastic ones that lead somewhere. */
  associationId: ResourceId<'elastic-ip-association'> | null
  interfaceId: InterfaceId | null
  privateAddress: string | null
  /** What reverse DNS shall say instead of the usual name; with a dot at its end. */
  reverseName: string | null
  createdAt: number
}

/** A private address that an interface has beside its primary one. */
export interface SecondaryAddressRow {
  vpcId: VpcId
  address: string
  interfaceId: InterfaceId
}
