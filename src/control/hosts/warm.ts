/** Has hosts park the machines that launches wake from, before there was a launch. */
import { messageOf } from '../../base/fault.ts'
import type { DomainSpec } from '../../host-api/spec.ts'
import type { Cloud } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import { type HostId, type ImageId, isId } from '../../model/ids.ts'
import { instanceType } from '../../model/instance-types.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { useImage } from '../images/cache.ts'
import { notedDisks, shapeOf, usualDisks } from '../instances/disks.ts'
import { domainSpec } from './domain-spec.ts'
import type { HostLinks } from './links.ts'

/** What came of it on the hosts of one agent, which share what is parked. */
export type Warmed = { readonly hosts: readonly HostId[] } & (
  | { readonly outcome: 'made' | 'there' }
  | { readonly failure: string }
)

/** An instance that is not there. */
const nobody = {
  instance: { id: 'i-00000000', domainId: 'dom_0', uuid: 'ec200000-0000-4000-8000-000000000000' },
  interfaces: [{ id: 'eni-00000000', mac: '02:00:00:00:00:00', attachmentState: 'attached' }],
} as const

/**
 * A domain as RunInstances makes them of the image and type where nothing else is asked for. `undefined` while the image's files are
 * fetched, which begins then.
 * Refuses: InvalidAMIID.NotFound, InvalidAMIID.Unavailable, InvalidParameterValue, UnsupportedOperation.
 */
export async function usualDomain(
  tx: Transaction,
  { cloud, now }: { readonly cloud: Cloud; readonly now: Date },
  asked: { readonly image: string; readonly type: string },
): Promise<DomainSpec | undefined> {
  const type = instanceType(asked.type)
  if (!type) return refuse('InvalidParameterValue', { message: `Invalid value '${asked.type}' for InstanceType.` })
  const image = await findImageOfAnybody(tx, asked.image)
  if (image.state !== 'available') refuse('InvalidAMIID.Unavailable', { id: image.id })
  if (image.rootSnapshotId)
    refuse('UnsupportedOperation', {
      message: `${image.id} cannot be parked, and its launches boot: their root disk is a volume`,
    })
  if (!(await useImage(tx, image.id, now))) return undefined
  const usual = usualDisks(cloud, image, type.name)
  const state = { power: 'on', runningAt: null, reboots: 0 } as const
  const instance = { ...nobody.instance, ...state, ...shapeOf(cloud, type, notedDisks(usual, image, usual)) }
  return domainSpec(cloud, { instance, image, interfaces: nobody.interfaces }, [])
}

async function findImageOfAnybody({ db }: Reader, id: string): Promise<ImageRow> {
  const rows = db
    .selectFrom('images')
    .selectAll()
    .where('id', '=', id as ImageId)
  const image = isId('image', id) ? await rows.where('state', '!=', 'deregistered').executeTakeFirst() : undefined
  return image ?? refuse('InvalidAMIID.NotFound', { id })
}

/** The hosts that guests may come to, but for those that are lost. */
export async function hostsForGuests({ db }: Reader): Promise<HostId[]> {
  const rows = db.selectFrom('hosts').select('id').where('isEdge', '=', 0).where('lost', '=', 0)
  return (await rows.orderBy('id').execute()).map((it) => it.id)
}

/** Asks every agent of these hosts at once to park a machine like this. Resolves when all have, or have said why not. */
export async function warm(
  links: Pick<HostLinks, 'agents' | 'warm'>,
  hosts: readonly HostId[],
  like: DomainSpec,
  abort: AbortSignal,
): Promise<Warmed[]> {
  const agents = links.agents().map((its) => hosts.filter((it) => its.includes(it)))
  const away = hosts.filter((it) => !agents.some((its) => its.includes(it)))
  const asked = agents.map(async (its): Promise<Warmed[]> => {
    const [first] = its
    if (first === undefined) return []
    const answer = links.warm(first, like, abort).then((outcome) => ({ outcome }))
    return [{ hosts: its, ...(await answer.catch((error: unknown) => ({ failure: messageOf(error) }))) }]
  })
  return [...(await Promise.all(asked)).flat(), ...(away.length > 0 ? [{ hosts: away, failure: 'not connected' }] : [])]
}
