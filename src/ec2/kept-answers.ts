/** Answers about instances that are kept until a row is written that they were made of. */
import type { Around } from '../query/dispatch.ts'
import { KeptReads } from '../store/kept-reads.ts'
import type { Store, Watched } from '../store/store.ts'

export type KeptAnswers = KeptReads<Around>

/** By every table that answers are read of; a test holds it. */
export const watched: readonly Watched[] = [
  'instances.id',
  'interfaces.instanceId',
  'interfaces.id',
  'interfaceGroups.interfaceId',
  'securityGroups.id',
  'addresses.interfaceId',
  'secondaryAddresses.interfaceId',
  'ipv6Addresses.interfaceId',
  'natGateways.interfaceId',
  'vpcs.id',
  'tags.resourceId',
  'resourceNames.instanceId',
  'instanceBoots.instanceId',
  'attachments.instanceId',
  'images.id',
  'bundledImages.imageId',
]

/** One for a store. */
export function keptAnswers(store: Store): KeptAnswers {
  return new KeptReads(store, watched, { entries: 10_000, bytes: 64 * 2 ** 20 })
}
