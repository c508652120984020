/** Certificates of accounts: what their bundles are signed with. The private keys are their owners' alone. */
import { createHash, X509Certificate } from 'node:crypto'
import type { AccountId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'

/** The PEM texts of all certificates of the account. */
export async function certificatesOf({ db }: Reader, account: AccountId): Promise<string[]> {
  const rows = await db.selectFrom('certificates').select('pem').where('accountId', '=', account).execute()
  return rows.map((it) => it.pem)
}

/** Makes the certificate one of the account's. One that is already changes nothing. */
export async function keepCertificate({ db }: Transaction, account: AccountId, pem: string, now: Date): Promise<void> {
  const id = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex').slice(0, 32).toUpperCase()
  await db
    .insertInto('certificates')
    .values({ id, accountId: account, pem, createdAt: now.getTime() })
    .onConflict((it) => it.doNothing())
    .execute()
}
