import type { GroupId, InstanceId, InterfaceId, SubnetId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { ImageRow, InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import { type AddressesOf, addressesOf } from '../addresses/of-interfaces.ts'
import { nothingPlugged, type Plugged, pluggedInto } from '../attachments/plugs.ts'
import { namedByResource } from '../dns/resource-names.ts'
import type { Guests } from '../hosts/guests.ts'
import { type BootChoice, bootChoicesOf, bootsOfImages } from '../images/boot.ts'
import { addresses6Of } from '../ipv6/addresses.ts'
import { type Tags, tagsOf } from '../tags/tags.ts'
import { groupsOf } from './find.ts'

/** What specs say of instances and interfaces; there are many, and they are kept. */
const instanceColumns = [
  ...(['id', 'accountId', 'reservationId', 'launchIndex', 'imageId', 'type', 'keyName', 'publicKey', 'zone'] as const),
  ...(['launchedAt', 'runningAt', 'userData', 'monitoring', 'metadataJson', 'hostId', 'domainId', 'uuid'] as const),
  ...(['memoryMib', 'power', 'reboots', 'holdReboot', 'disksJson'] as const),
] as const
const interfaceColumns = [
  ...(['id', 'accountId', 'vpcId', 'subnetId', 'mac', 'privateAddress', 'sourceDestCheck'] as const),
  ...(['deviceIndex', 'attachmentState'] as const),
] as const

export type GuestInterface = Pick<InterfaceRow, (typeof interfaceColumns)[number]>

/** An instance that its host shall have, with what belongs to it. */
export interface Guest {
  readonly instance: Pick<InstanceRow, (typeof instanceColumns)[number]>
  readonly image: ImageRow
  /** What its launch chose to boot through, or its image, whose root is a volume. */
  readonly boot?: BootChoice | undefined
  /** In the order of their device index. */
  readonly interfaces: readonly GuestInterface[]
  /** Of its interfaces. */
  readonly addressesOf: AddressesOf
  /** Those of IPv6, of interfaces that have any. */
  readonly addresses6: ReadonlyMap<InterfaceId, readonly string[]>
  readonly groupsOf: ReadonlyMap<InterfaceId, readonly { readonly id: GroupId; readonly name: string }[]>
  readonly tags: Tags
  readonly plugged: Plugged
  /** Its id is a name. */
  readonly named: boolean
}

/** A public address, and the private one of a guest that it leads to. */
export interface Lead {
  readonly nic: InterfaceId
  readonly subnetId: SubnetId
  readonly addresses: { readonly publicAddress: string; readonly privateAddress: string }
}

/** Of all public addresses that lead to guests of the VPC. */
export function leadsInto(guests: Guests, vpc: VpcId): readonly Lead[] {
  return guests.each(vpc, 'leads', {
    of: (guest) =>
      guest.interfaces
        .filter((it) => it.vpcId === vpc)
        .flatMap(({ id: nic, subnetId }) =>
          guest.addressesOf(nic).flatMap(({ address: privateAddress, public: leading }): Lead[] => {
            if (!leading) return []
            return [{ nic, subnetId, addresses: { publicAddress: leading.publicAddress, privateAddress } }]
          }),
        ),
  })
}

/** Those of these instances that their hosts shall have. */
export async function readGuests(reader: Reader, ids: readonly InstanceId[]): Promise<Guest[]> {
  const { db } = reader
  const instances = await db
    .selectFrom('instances')
    .select(instanceColumns)
    .where('id', 'in', ids)
    .where('hostId', 'is not', null)
    .where('power', '!=', 'gone')
    .execute()
  if (instances.length === 0) return []
  const imageIds = [...new Set(instances.map((it) => it.imageId))]
  const images = await db.selectFrom('images').selectAll().where('id', 'in', imageIds).execute()
  const interfaces = await db
    .selectFrom('interfaces')
    .select([...interfaceColumns, 'instanceId'])
    .where('instanceId', 'in', ids)
    .orderBy('deviceIndex')
    .execute()
  const [tags, plugged, boots, named] = [
    await tagsOf(reader, ids),
    await pluggedInto(reader, ids),
    await bootChoicesOf(reader, ids),
    await namedByResource(reader, ids),
  ]
  const usual = await bootsOfImages(reader, imageIds)
  const addresses = await addressesOf(reader, interfaces)
  const nicIds = interfaces.map((it) => it.id)
  const sixes = await addresses6Of(reader, nicIds)
  const groups = await groupsOf(reader, nicIds)
  const imageById = new Map(images.map((it) => [it.id, it]))
  const nics = Map.groupBy(interfaces, (it) => it.instanceId)
  return instances.flatMap((instance): Guest[] => {
    const image = imageById.get(instance.imageId)
    if (!image) return []
    const own = nics.get(instance.id) ?? []
    return [
      {
        instance,
        image,
        boot: boots.get(instance.id) ?? usual.get(image.id),
        interfaces: own.map(({ instanceId: _, ...nic }) => nic),
        addressesOf: addresses,
        addresses6: sixes,
        groupsOf: new Map(own.map((it) => [it.id, groups.get(it.id) ?? []])),
        tags: tags.get(instance.id) ?? {},
        plugged: plugged.get(instance.id) ?? nothingPlugged,
        named: named.has(instance.id),
      },
    ]
  })
}
