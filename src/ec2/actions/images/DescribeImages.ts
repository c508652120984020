import { checkImageIds, detailsOf, listImages } from '../../../control/images/find.ts'
import { mappingsOf, rootDeviceOf } from '../../../control/images/mappings.ts'
import { isDeprecated } from '../../../control/images/state.ts'
import { requireAll } from '../../../control/lookup.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { refuse } from '../../../model/errors.ts'
import type { AccountId } from '../../../model/ids.ts'
import { absent, tagFilters } from '../../../query/filters.ts'
import type { Reader } from '../../../store/store.ts'
import type { LaunchPermissionRow } from '../../../store/tables/bundled-images.ts'
import type { ImageRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'
import { bootModeOf, locationOf, renderImage, stateReason, type TaggedImage } from '../../render/image.ts'
import { rootTypeOf } from '../../render/instance.ts'

/**
 * Images that the caller may run: its own and public ones; by owner, by who may run them, by id. Disabled ones only where they are
 * asked for; others' that are out of date where they are asked for, or named.
 * Refuses: InvalidAMIID.Malformed, InvalidAMIID.NotFound, InvalidUserID.Malformed.
 * Source: EC2 API Reference, DescribeImages, DisableImage; EC2 User Guide, "Deprecate an AMI".
 */
export const DescribeImages = describe('DescribeImages', {
  async rows(input, { tx, caller, now }): Promise<TaggedImage[]> {
    const { ImageIds = [], Owners = [], ExecutableUsers = [], IncludeDeprecated, IncludeDisabled } = input
    for (const it of [...Owners, ...ExecutableUsers]) checkAccount(it)
    const usable = await listImages(tx, caller.account)
    const ids = checkImageIds(ImageIds)
    const named = ids.length > 0 ? requireAll('image', ids, usable) : usable
    const sharing = ExecutableUsers.length > 0 ? await permissionsOf(tx) : []
    const rows = named.filter(
      (row) =>
        (IncludeDisabled || row.state !== 'disabled') &&
        (IncludeDeprecated || ids.length > 0 || row.accountId === caller.account || !isDeprecated(row, now)) &&
        (Owners.length === 0 || Owners.some((it) => isOwner(row, it, caller.account))) &&
        (ExecutableUsers.length === 0 ||
          ExecutableUsers.some((it) => isSharedWith(row, it === 'self' ? caller.account : it, sharing))),
    )
    const details = await detailsOf(tx)
    const tagged = await withTags(tx, rows)
    const found = tagged.map((row) => ({
      ...row,
      tags: row.accountId === caller.account ? row.tags : {},
      details: details.get(row.id),
    }))
    // Machines first, unless ids say the order: who takes the first image means to launch it.
    return ids.length > 0 ? found : [...found.filter(isMachine), ...found.filter((it) => !isMachine(it))]
  },
  key: (row) => (isMachine(row) ? row.id : `~${row.id}`),
  filters: {
    ...tagFilters<TaggedImage>(),
    architecture: (row) => row.architecture,
    'boot-mode': bootModeOf,
    'creation-date': (row) => new Date(row.createdAt),
    description: (row) => row.description,
    'ena-support': () => false,
    hypervisor: () => 'xen',
    'image-id': (row) => row.id,
    'image-type': (row) => row.details?.type ?? 'machine',
    'kernel-id': (row) => row.details?.kernelId ?? undefined,
    'is-public': (row) => row.isPublic === 1,
    'manifest-location': locationOf,
    name: (row) => row.name,
    'owner-alias': (row) => row.ownerAlias,
    'owner-id': (row) => row.accountId,
    'platform-details': () => 'Linux/UNIX',
    'ramdisk-id': (row) => row.details?.ramdiskId ?? undefined,
    'root-device-name': (row) => rootDeviceOf(row),
    'source-instance-id': (row) => row.sourceInstanceId,
    'root-device-type': (it) => rootTypeOf(it),
    'block-device-mapping.encrypted': (it) => mappingsOf(it).map((at) => Boolean(at.keyId)),
    'block-device-mapping.delete-on-termination': (it) => mappingsOf(it).map((at) => at.deleteOnTermination),
    'block-device-mapping.device-name': (it) => mappingsOf(it).map((at) => at.device),
    'block-device-mapping.snapshot-id': (it) => mappingsOf(it).map((at) => at.snapshot ?? undefined),
    'block-device-mapping.volume-size': (it) => mappingsOf(it).map((at) => at.sizeGiB),
    'block-device-mapping.volume-type': (it) => mappingsOf(it).map((at) => at.type),
    'source-image-id': (row) => row.sourceImageId,
    'source-image-region': (row) => row.sourceImageRegion,
    state: (row) => row.state,
    'state-reason-code': (row) => stateReason(row)?.Code,
    'state-reason-message': (row) => stateReason(row)?.Message,
    'usage-operation': () => 'RunInstances',
    'virtualization-type': () => 'hvm',
    ...absent(
      'free-tier-eligible',
      'image-allowed',
      'platform',
      'product-code',
      'product-code.type',
      'sriov-net-support',
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
  render: (row, { now }) => renderImage(row, now),
  assemble: (items) => ({ Images: items }),
})

const isMachine = ({ details }: TaggedImage) => (details?.type ?? 'machine') === 'machine'

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

/** Whether the image was shared with that account, or everyone; to own it is not to have it shared. */
function isSharedWith({ id, isPublic }: ImageRow, user: string, sharing: readonly LaunchPermissionRow[]): boolean {
  return user === 'all' ? isPublic === 1 : sharing.some((it) => it.imageId === id && it.accountId === user)
}

function permissionsOf({ db }: Reader): Promise<LaunchPermissionRow[]> {
  return db.selectFrom('launchPermissions').selectAll().execute()
}
