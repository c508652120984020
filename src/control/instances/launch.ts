/** From a checked request to the rows of a reservation: placed, addressed, wished for, and a strand for each instance. */
import type { Random } from '../../base/random.ts'
import type { Cloud } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import {
  type AccountId,
  type DomainId,
  type GroupId,
  type HostId,
  newId,
  type ResourceId,
  type VpcId,
} from '../../model/ids.ts'
import type { InstanceType } from '../../model/instance-types.ts'
import { place } from '../../scheduler/place.ts'
import { insertRow, updateRows } from '../../store/prepared.ts'
import { nextNumber } from '../../store/sequences.ts'
import type { Transaction } from '../../store/store.ts'
import type {
  ImageRow,
  InstanceRow,
  InterfaceRow,
  KeyPairRow,
  MetadataOptionsJson,
  SubnetRow,
} from '../../store/tables/resources.ts'
import { startStrand } from '../../strand/calls.ts'
import { lendAddresses } from '../addresses/lend.ts'
import { candidates, overheadMiB } from '../hosts/candidates.ts'
import { wishLaunch } from '../hosts/wishes.ts'
import { useImage } from '../images/cache.ts'
import type { DiskMapping } from '../images/mappings.ts'
import { freePrivateAddresses } from '../interfaces/allocate.ts'
import { type At, attached, checkLimits, joinInstance } from '../interfaces/attach.ts'
import {
  insertInterface,
  makeInterface,
  type NewInterface,
  oneAddress,
  type WantedAddresses,
} from '../interfaces/make.ts'
import { checkRoom6 } from '../ipv6/addresses.ts'
import { shapeOf } from './disks.ts'
import { giveVolumes, type LaunchVolume } from './launch-volumes.ts'
import { instanceMachine } from './machine.ts'

export interface LaunchRequest {
  readonly account: AccountId
  readonly image: ImageRow
  readonly type: InstanceType
  readonly min: number
  readonly max: number
  readonly key?: KeyPairRow
  /** One for each zone that is allowed; the scheduler takes one zone. */
  readonly subnets: readonly SubnetRow[]
  readonly groups: readonly GroupId[]
  /** Overrides what the subnet does. */
  readonly publicAddress?: boolean
  /** Of the primary interface. */
  readonly addresses?: WantedAddresses
  readonly description: string
  readonly deleteOnTermination?: boolean
  /** The primary interface, if it is there already: then the subnet is its. */
  readonly primary?: InterfaceRow
  /** Those beside the primary one. */
  readonly others?: readonly LaunchInterface[]
  /** Made for each instance; the root first where the root is a volume. */
  readonly volumes?: readonly LaunchVolume[]
  /** Disks of the type that are mapped; absent: as the image has them. */
  readonly disks?: readonly DiskMapping[] | undefined
  readonly userData?: string
  readonly clientToken?: string
  readonly shutdownBehavior: 'stop' | 'terminate'
  readonly apiTerminationDisabled: boolean
  readonly apiStopDisabled: boolean
  readonly monitoring: boolean
  readonly ebsOptimized: boolean
  readonly metadata: MetadataOptionsJson
  readonly tenancy: string
}

/** An interface that is there already, or is made for each instance. */
export type LaunchInterface = At & ({ readonly nic: InterfaceRow } | { readonly fresh: NewInterface })

export interface LaunchContext {
  readonly tx: Transaction
  readonly cloud: Cloud
  readonly now: Date
  readonly random: Random
}

/** Makes the reservation. Refuses where fewer than `min` fit, or addresses are short. */
export async function launch(context: LaunchContext, request: LaunchRequest): Promise<ResourceId<'reservation'>> {
  const { tx, random, now, cloud } = context
  const shape = shapeOf(cloud, request.type, request.disks)
  const placement = await placeAll(context, request, shape.memoryMib)
  const { subnet } = placement
  const named = request.primary?.privateAddress ?? request.addresses?.primary
  const addresses = named ? [named] : await freePrivateAddresses(tx, subnet, placement.hosts.length, random)
  const reservation = newId('reservation', random)
  await insertRow(tx, 'reservations', { id: reservation, accountId: request.account, createdAt: now.getTime() })
  const imageIsHere = await useImage(tx, request.image.id, now)
  const instances: InstanceRow[] = []
  const interfaces: InterfaceRow[] = []
  for (const [index, host] of placement.hosts.entries()) {
    const at = { reservation, index, host, zone: subnet.zone, shape, imageIsHere }
    const row = await instanceRow(context, request, at)
    instances.push(row)
    await insertRow(tx, 'instances', row)
    const primary = addresses[index]! // one for each host
    const fresh = { ...request, subnet, addresses: { ...(request.addresses ?? oneAddress), primary } }
    const place = { deviceIndex: 0, deleteOnTermination: request.deleteOnTermination ?? true }
    if (request.primary) await joinInstance(tx, request.primary, row, place, context)
    const nic = request.primary ?? (await insertInterface(tx, fresh, context, attached(row, place, context)))
    interfaces.push(nic)
    await joinOthers(context, row, nic, request)
    await giveVolumes(context, row, request.volumes ?? [])
  }
  if (request.publicAddress ?? subnet.mapsPublic === 1) await lendAddresses(tx, interfaces, context)
  await wishForAll(context, instances, subnet.vpcId)
  return reservation
}

async function joinOthers(
  context: LaunchContext,
  instance: InstanceRow,
  primary: InterfaceRow,
  request: LaunchRequest,
): Promise<void> {
  const { tx } = context
  const { others = [] } = request
  const nics: InterfaceRow[] = [primary]
  for (const it of others) {
    const nic = 'nic' in it ? it.nic : await makeInterface(tx, it.fresh, context)
    await joinInstance(tx, nic, instance, it, context)
    nics.push(nic)
  }
  if (others.length > 0 || hasMore(request)) await checkLimits(tx, instance.type, nics.length, nics)
  else await checkRoom6(tx, instance.type, nics)
}

/** Whether the primary interface may have more than one address. */
function hasMore({ primary, addresses = oneAddress }: LaunchRequest): boolean {
  return primary !== undefined || addresses.secondary.length > 0 || addresses.more > 0
}

async function placeAll(
  { tx }: LaunchContext,
  { type, min, max, subnets }: LaunchRequest,
  memoryMiB: number,
): Promise<{ hosts: HostId[]; subnet: SubnetRow }> {
  const zones = new Set(subnets.map((it) => it.zone))
  const [zoneOnly] = zones.size === 1 ? zones : []
  const hostsWithRoom = await candidates(tx, zoneOnly === undefined ? undefined : { zone: zoneOnly, most: max })
  const usable = hostsWithRoom.filter((it) => zones.has(it.zone))
  const hosts = place(usable, { memoryMiB: memoryMiB + overheadMiB, min, max })
  const zone = usable.find((it) => it.host === hosts?.[0])?.zone
  const subnet = subnets.find((it) => it.zone === zone)
  if (hosts && subnet) return { hosts, subnet }
  const only = subnets.length === 1 ? { zone: subnets[0]!.zone } : {}
  return refuse('InsufficientInstanceCapacity', { type: type.name, ...only })
}

async function instanceRow(
  { tx, random, now }: LaunchContext,
  request: LaunchRequest,
  at: {
    reservation: ResourceId<'reservation'>
    index: number
    host: HostId
    zone: string
    shape: ReturnType<typeof shapeOf>
    imageIsHere: boolean
  },
): Promise<InstanceRow> {
  const domainId: DomainId = `dom_${await nextNumber(tx, 'domain')}`
  return {
    id: newId('instance', random),
    accountId: request.account,
    reservationId: at.reservation,
    launchIndex: at.index,
    imageId: request.image.id,
    ...at.shape,
    keyName: request.key?.name ?? null,
    publicKey: request.key?.publicKey ?? null,
    zone: at.zone,
    state: 'pending',
    stateReason: 'pending',
    transitionReason: '',
    launchedAt: now.getTime(),
    runningAt: null,
    terminatedAt: null,
    userData: request.userData ?? null,
    clientToken: request.clientToken ?? null,
    shutdownBehavior: request.shutdownBehavior,
    apiTerminationDisabled: request.apiTerminationDisabled ? 1 : 0,
    apiStopDisabled: request.apiStopDisabled ? 1 : 0,
    monitoring: request.monitoring ? 1 : 0,
    ebsOptimized: request.ebsOptimized ? 1 : 0,
    metadataJson: JSON.stringify(request.metadata),
    tenancy: request.tenancy,
    hostId: at.host,
    domainId,
    uuid: newEc2Uuid(random),
    power: request.volumes?.length || !at.imageIsHere ? 'wait' : 'on',
    reboots: 0,
    wishedIn: 0,
  }
}

async function wishForAll({ tx }: LaunchContext, instances: readonly InstanceRow[], vpc: VpcId): Promise<void> {
  const hosts = new Set(instances.flatMap((it) => it.hostId ?? []))
  const generations = await wishLaunch(tx, { vpc, hosts: [...hosts] })
  for (const { id, hostId } of instances) {
    await updateRows(tx, 'instances', { id }, { wishedIn: generations.get(hostId!) ?? 0 }) // placed a moment ago
    await startStrand(tx, instanceMachine, id)
  }
}

/** A random UUID that begins with `ec2`: by that guests know where they are. Source: EC2 User Guide, "Identify EC2 Linux instances". */
function newEc2Uuid(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40 // version 4; sixteen bytes were asked for
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const digits = `ec2${bytes.toString('hex').slice(3)}`
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
