import { listImages } from '../../../control/images/find.ts'
import { checkIds, requireAll } from '../../../control/lookup.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { refuse } from '../../../model/errors.ts'
import type { AccountId } from '../../../model/ids.ts'
import { absent, tagFilters } from '../../../query/filters.ts'
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
    'boot-mode': () => 'legacy-bios',
    'creation-date': (row) => new Date(row.createdAt),
    description: (row) => row.description,
    'ena-support': () => false,
    hypervisor: () => 'xen',
    'image-id': (row) => row.id,
    'image-type': () => 'machine',
    'is-public': (row) => row.isPublic === 1,
    'manifest-location': locationOf,
    name: (row) => row.name,
    'owner-alias': (row) => row.ownerAlias,
    'owner-id': (row) => row.accountId,
    'platform-details': () => 'Linux/UNIX',
    'root-device-name': () => '/dev/sda1',
    'root-device-type': () => 'instance-store',
    state: (row) => row.state,
    'usage-operation': () => 'RunInstances',
    'virtualization-type': () => 'hvm',
    ...absent(
      'block-device-mapping.delete-on-termination',
      'block-device-mapping.device-name',
      'block-device-mapping.encrypted',
      'block-device-mapping.snapshot-id',
      'block-device-mapping.volume-size',
      'block-device-mapping.volume-type',
      'free-tier-eligible',
      'image-allowed',
      'kernel-id',
      'platform',
      'product-code',
      'product-code.type',
      'ramdisk-id',
      'source-image-id',
      'source-image-region',
      'source-instance-id',
      'sriov-net-support',
      'state-reason-code',
      'state-reason-message',
      'image-watermark.source-image-creation-time',
      'image-watermark.source-image-id',
      'image-watermark.source-image-region',
      'image-watermark.watermark-creation-time',
      'image-watermark.watermark-key',
      'instance-type-specification.supported-instance-type',
      'instance-type-specification.unsupported-instance-type',
      'public-ssm-parameter-name',
      'scan-result.critical-fix-available-since',
      'scan-result.finding-scan-date',
      'scan-result.high-fix-available-since',
      'scan-result.highest-finding-severity-label',
      'scan-result.informational-fix-available-since',
      'scan-result.low-fix-available-since',
      'scan-result.medium-fix-available-since',
    ),
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
