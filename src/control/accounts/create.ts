/** Accounts beside the first one. */
import type { Random } from '../../base/random.ts'
import { newSecret, newUniqueId } from '../../iam/credentials.ts'
import type { Transaction } from '../../store/store.ts'
import { type Credentials, newAccountId } from './accounts.ts'

/** A new account of that name with an access key of its root user. Names are the operator's; two may be alike. */
export async function createAccount(tx: Transaction, name: string, now: Date, random: Random): Promise<Credentials> {
  const made = {
    account: newAccountId(random),
    accessKeyId: newUniqueId('accessKey', random),
    secretAccessKey: newSecret(random),
  }
  const createdAt = now.getTime()
  await tx.db.insertInto('accounts').values({ id: made.account, name, createdAt }).execute()
  await tx.db
    .insertInto('accessKeys')
    .values({
      ...{ id: made.accessKeyId, accountId: made.account, userName: 'root', secret: made.secretAccessKey },
      ...{ sessionToken: null, expiresAt: null, createdAt },
    })
    .execute()
  return made
}
