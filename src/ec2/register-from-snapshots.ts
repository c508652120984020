/** RegisterImage over snapshots. Source: EC2 API Reference, RegisterImage; EC2 User Guide, "Create an AMI from a snapshot". */
import type { RegisterImageRequest, RegisterImageResult } from '@aws-sdk/client-ec2'
import { files } from '../control/images/bundle-images.ts'
import { type BootOf, bootLike, registerOverSnapshots } from '../control/images/ebs-images.ts'
import { usualRootDevice } from '../control/images/mappings.ts'
import { checkImageName } from '../control/images/names.ts'
import { requirePart } from '../control/images/register.ts'
import { bare } from '../model/device-names.ts'
import { refuse } from '../model/errors.ts'
import type { SnapshotId } from '../model/ids.ts'
import type { Context } from './action.ts'
import { refuseUnserved } from './parse/image-registration.ts'
import { applyMappings } from './parse/mappings.ts'

export async function registerFromSnapshots(
  input: RegisterImageRequest,
  context: Context,
): Promise<RegisterImageResult> {
  const { BlockDeviceMappings = [], BootMode: mode, RootDeviceName: rootDeviceName = usualRootDevice, ...rest } = input
  refuseUnserved(rest)
  if (!input.Name) refuse('MissingParameter', { parameter: 'Name' })
  const name = input.Name
  await checkImageName(context.tx, context.caller.account, name)
  const { volumes, disks } = await applyMappings(context, { volumes: [], disks: [] }, BlockDeviceMappings)
  const root = volumes.find((it) => bare(it.device) === bare(rootDeviceName))
  if (!root?.snapshot)
    return refuse('InvalidBlockDeviceMapping', {
      message: `No snapshot is mapped to the root device ${rootDeviceName}`,
    })
  await refuseIncomplete(
    context,
    volumes.flatMap((it) => it.snapshot ?? []),
  )
  const id = await registerOverSnapshots(context, {
    ...{ account: context.caller.account, name, description: input.Description ?? '' },
    architecture: input.Architecture ?? 'x86_64',
    ...{ rootDeviceName, volumes, disks },
    boot: await bootOf(context, input, mode, root.snapshot),
    choice: { kernelId: input.KernelId ?? null, ramdiskId: input.RamdiskId ?? null },
  })
  await context.tag('image', id)
  return { ImageId: id }
}

async function refuseIncomplete({ tx }: Context, ids: readonly SnapshotId[]): Promise<void> {
  const rows = await tx.db.selectFrom('snapshots').select(['id', 'state']).where('id', 'in', ids).execute()
  const other = rows.find((it) => it.state !== 'completed')
  if (other) refuse('IncorrectState', { message: `Snapshot is in invalid state - ${other.state}` })
}

/**
 * The kernel that is asked for; else what the image boots by whose root the snapshot descends from, unless UEFI is asked for; else
 * the loader that is on it.
 */
async function bootOf(
  { tx, caller }: Context,
  { KernelId, RamdiskId }: RegisterImageRequest,
  mode: string | undefined,
  root: SnapshotId,
): Promise<BootOf> {
  const own = { kernelFile: null, ramdiskFile: null, commandLine: '', bootImageId: null } as const
  if (RamdiskId) await requirePart(tx, caller.account, 'ramdisk', RamdiskId)
  if (KernelId) {
    const { id, commandLine } = await requirePart(tx, caller.account, 'kernel', KernelId)
    return { ...own, kernelFile: files.kernel, commandLine, firmware: null, bootImageId: id }
  }
  if (mode !== undefined && mode !== 'legacy-bios') return { ...own, firmware: 'uefi' }
  const { originImageId: origin } = await tx.db
    .selectFrom('snapshots')
    .select('originImageId')
    .where('id', '=', root)
    .executeTakeFirstOrThrow()
  const image = origin && (await tx.db.selectFrom('images').selectAll().where('id', '=', origin).executeTakeFirst())
  return image ? bootLike(image) : { ...own, firmware: 'bios' }
}
