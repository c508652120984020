import { listImages } from '../../../control/images/find.ts'
import { checkIds, requireAll } from '../../../control/lookup.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { refuse } from '../../../model/errors.ts'
import type { AccountId } from '../../../model/ids.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { ImageRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'
import { locationOf, renderImage, type TaggedImage } from '../../render/image.ts'

/**
 * Images that the caller may run: its own and public ones; by owner, by who may run them, by id.
 * Refuses: InvalidAMIID.Malformed, InvalidAMIID.NotFound, InvalidUserID.Malformed.
 * Source: EC2 API Reference, DescribeImages.
 */
export const DescribeImages = describe('DescribeImages', {
  async rows({ ImageIds = [], Owners = [], ExecutableUsers = [] }, { tx, caller }): Promise<TaggedImage[]> {
    for (const it of [...Owners, ...ExecutableUsers]) checkAccount(it)
    const usable = await listImages(tx, caller.account)
    const ids = checkIds('image', ImageIds)
    const named = ids.length > 0 ? requireAll('image', ids, usable) : usable
    const rows = named.filter(
      (row) =>
        (Owners.length === 0 || Owners.some((it) => isOwner(row, it, caller.account))) &&
        (ExecutableUsers.length === 0 || ExecutableUsers.some((it) => isSharedWith(row, it))),
    )
    const tagged = await withTags(tx, rows)
    return tagged.map((row) => (row.accountId === caller.account ? row : { ...row, tags: {} }))
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<TaggedImage>(),
    architecture: (row) => row.architecture,
    'block-device-mapping.delete-on-termination': () => undefined,
    'block-device-mapping.device-name': () => undefined,
    'block-device-mapping.encrypted': () => undefined,
    'block-device-mapping.snapshot-id': () => undefined,
    'block-device-mapping.volume-size': () => undefined,
    'block-device-mapping.volume-type': () => undefined,
    'boot-mode': () => 'legacy-bios',
    'creation-date': (row) => new Date(row.createdAt),
    description: (row) => row.description,
    'ena-support': () => false,
    'free-tier-eligible': () => undefined,
    hypervisor: () => 'xen',
    'image-allowed': () => undefined,
    'image-id': (row) => row.id,
    'image-type': () => 'machine',
    'is-public': (row) => row.isPublic === 1,
    'kernel-id': () => undefined,
    'manifest-location': locationOf,
    name: (row) => row.name,
    'owner-alias': (row) => row.ownerAlias,
    'owner-id': (row) => row.accountId,
    platform: () => undefined,
    'platform-details': () => 'Linux/UNIX',
    'product-code': () => undefined,
    'product-code.type': () => undefined,
    'ramdisk-id': () => undefined,
    'root-device-name': () => '/dev/sda1',
    'root-device-type': () => 'instance-store',
    'source-image-id': () => undefined,
    'source-image-region': () => undefined,
    'source-instance-id': () => undefined,
    'sriov-net-support': () => undefined,
    state: (row) => row.state,
    'state-reason-code': () => undefined,
    'state-reason-message': () => undefined,
    'usage-operation': () => 'RunInstances',
    'virtualization-type': () => 'hvm',
  },
  render: (row) => renderImage(row),
  assemble: (items) => ({ Images: items }),
})

/** Words that stand for accounts; any alias of an image's owner counts too. */
const words: ReadonlySet<string> = new Set([
  'self',
  'all',
  'amazon',
  'aws-marketplace',
  'aws-backup-vault',
  'microsoft',
])

function checkAccount(text: string): void {
  if (!words.has(text) && !/^\d{12}$/.test(text)) refuse('InvalidUserID.Malformed', { id: text })
}

function isOwner({ accountId, ownerAlias }: ImageRow, owner: string, caller: AccountId): boolean {
  return owner === 'self' ? accountId === caller : owner === accountId || owner === ownerAlias
}

/** Images are public or their owner's alone: none is shared with anyone in particular. */
function isSharedWith({ isPublic }: ImageRow, user: string): boolean {
  return user === 'all' && isPublic === 1
}
