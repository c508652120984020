/** Whom an image is shared with. Source: EC2 API Reference, ModifyImageAttribute, LaunchPermission. */
import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'

export interface Sharing {
  readonly everyone: boolean
  readonly accounts: readonly AccountId[]
}

export async function sharingOf({ db }: Reader, image: ImageRow): Promise<Sharing> {
  const rows = await db
    .selectFrom('launchPermissions')
    .select('accountId')
    .where('imageId', '=', image.id)
    .orderBy('accountId')
    .execute()
  return { everyone: image.isPublic === 1, accounts: rows.map((it) => it.accountId) }
}

/** Adds, then removes. What is shared already, or not at all, is no error. */
export async function changeSharing(tx: Transaction, image: ImageRow, add: Sharing, remove: Sharing): Promise<void> {
  for (const account of [...add.accounts, ...remove.accounts])
    if (!/^\d{12}$/.test(account))
      refuse('InvalidAMIAttributeItemValue', {
        message: `Invalid attribute item value "${account}" for userId item type.`,
      })
  const isPublic = remove.everyone ? 0 : add.everyone ? 1 : image.isPublic
  await tx.db.updateTable('images').set({ isPublic }).where('id', '=', image.id).execute()
  for (const accountId of add.accounts) {
    await tx.db
      .insertInto('launchPermissions')
      .values({ imageId: image.id, accountId })
      .onConflict((it) => it.doNothing())
      .execute()
  }
  if (remove.accounts.length === 0) return
  await tx.db
    .deleteFrom('launchPermissions')
    .where('imageId', '=', image.id)
    .where('accountId', 'in', remove.accounts)
    .execute()
}

/** Its owner's alone again. */
export async function unshare(tx: Transaction, image: ImageRow): Promise<void> {
  await tx.db.updateTable('images').set({ isPublic: 0 }).where('id', '=', image.id).execute()
  await tx.db.deleteFrom('launchPermissions').where('imageId', '=', image.id).execute()
}
