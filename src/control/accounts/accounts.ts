/** Accounts and their keys. The first account is made when the cloud first starts. */
import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../base/random.ts'
import { type AccessKey, type Caller, newSecret, newUniqueId } from '../../iam/credentials.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { AccessKeyRow } from '../../store/tables/resources.ts'

export interface Credentials {
  readonly account: AccountId
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** The first account's credentials, once there is one. */
export async function firstCredentials({ db }: Reader): Promise<Credentials | undefined> {
  const keys = db.selectFrom('accessKeys').selectAll().where('sessionToken', 'is', null)
  const key = await keys.orderBy('createdAt').executeTakeFirst()
  return key && { account: key.accountId, accessKeyId: key.id, secretAccessKey: key.secret }
}

/** A key of the account that does not end by itself. */
export async function credentialsOf({ db }: Reader, account: AccountId): Promise<Credentials | undefined> {
  const keys = db.selectFrom('accessKeys').selectAll().where('sessionToken', 'is', null)
  const key = await keys.where('accountId', '=', account).orderBy('createdAt').executeTakeFirst()
  return key && { account, accessKeyId: key.id, secretAccessKey: key.secret }
}

/** Has this region know an account that another made. */
export async function admitAccount(
  { db }: Transaction,
  account: { readonly id: AccountId; readonly name: string },
  now: Date,
): Promise<void> {
  const row = { ...account, createdAt: now.getTime() }
  await db
    .insertInto('accounts')
    .values(row)
    .onConflict((it) => it.doNothing())
    .execute()
}

/** The first account's credentials; makes the account if the cloud has none yet. */
export async function ensureFirstAccount(tx: Transaction, now: Date, random: Random): Promise<Credentials> {
  const known = await firstCredentials(tx)
  if (known) return known
  const account = newAccountId(random)
  const createdAt = now.getTime()
  await tx.db.insertInto('accounts').values({ id: account, name: 'cumulet', createdAt }).execute()
  const made = { account, accessKeyId: newUniqueId('accessKey', random), secretAccessKey: newSecret(random) }
  await tx.db
    .insertInto('accessKeys')
    .values({
      id: made.accessKeyId,
      accountId: account,
      userName: 'root',
      secret: made.secretAccessKey,
      sessionToken: null,
      expiresAt: null,
      createdAt,
    })
    .execute()
  return made
}

/** Twelve digits, the first not 0: leading zeros get lost in spreadsheets and shells. */
export function newAccountId(random: Random): AccountId {
  const number = random.bytes(6).readUIntBE(0, 6) % 900_000_000_000
  return String(100_000_000_000 + number)
}

/** The key of that id, if it may sign with that session token. */
export async function findAccessKey(
  reader: Reader,
  id: string,
  sessionToken: string | undefined,
): Promise<AccessKey | undefined> {
  const row = await reader.db.selectFrom('accessKeys').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row || !sameToken(row.sessionToken, sessionToken)) return undefined
  return {
    secret: row.secret,
    caller: callerOf(row),
    ...(row.expiresAt !== null && { expires: new Date(row.expiresAt) }),
  }
}

function sameToken(kept: string | null, given: string | undefined): boolean {
  if (kept === null) return true // A token beside a permanent key is ignored, as AWS does for keys that need none.
  const [a, b] = [Buffer.from(kept), Buffer.from(given ?? '')]
  return a.length === b.length && timingSafeEqual(a, b)
}

function callerOf({ id, accountId, userName }: AccessKeyRow): Caller {
  const root = userName === 'root'
  return {
    account: accountId,
    user: userName,
    userId: root ? accountId : userName,
    arn: `arn:aws:iam::${accountId}:${root ? 'root' : `user/${userName}`}`,
    accessKeyId: id,
  }
}

/** A key that ends by itself, with the rights of `caller`. */
export async function issueTemporaryKey(
  tx: Transaction,
  caller: Caller,
  life: { now: Date; seconds: number },
  random: Random,
): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken: string; expires: Date }> {
  const now = life.now.getTime()
  const made = {
    accessKeyId: newUniqueId('temporaryKey', random),
    secretAccessKey: newSecret(random),
    sessionToken: random.bytes(96).toString('base64'),
    expires: new Date(now + life.seconds * 1000),
  }
  await tx.db.deleteFrom('accessKeys').where('expiresAt', '<', now).execute()
  await tx.db
    .insertInto('accessKeys')
    .values({
      id: made.accessKeyId,
      accountId: caller.account,
      userName: caller.user,
      secret: made.secretAccessKey,
      sessionToken: made.sessionToken,
      expiresAt: made.expires.getTime(),
      createdAt: now,
    })
    .execute()
  return made
}
