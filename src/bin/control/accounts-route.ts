/** Makes accounts, for the operator: whoever may read the cloud's own profile, which has the first account's secret. */
import { timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { systemClock } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import type { Credentials } from '../../control/accounts/accounts.ts'
import { keepCertificate } from '../../control/accounts/certificates.ts'
import { createAccount } from '../../control/accounts/create.ts'
import { ensureDefaultVpc } from '../../control/vpcs/default-vpc.ts'
import type { Route } from '../../http/routes.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { Store } from '../../store/store.ts'
import { ensureKeyFiles } from './certificates.ts'

export const accountsPath = '/cumulet/accounts'

interface Parts {
  readonly store: Store
  readonly cloud: Cloud
  /** Where key files are made. */
  readonly keys: string
  readonly operator: Credentials
}

/** `?name=NAME`, with the operator's secret as a bearer token: makes the account, its default VPC, its certificate. */
export function accountsRoute(parts: Parts): Route {
  return {
    method: 'POST',
    path: accountsPath,
    async handle(head) {
      const [, token = ''] =
        /^Bearer (.+)$/.exec(head.headers.find(([name]) => name === 'authorization')?.[1] ?? '') ?? []
      if (!isSame(token, parts.operator.secretAccessKey)) return { status: 403, body: '' }
      const name = new URLSearchParams(head.query).get('name') ?? ''
      if (!/^[\w.-]{1,64}$/.test(name)) return { status: 400, body: '' }
      const body = JSON.stringify(await makeAccount(name, parts))
      return { status: 200, headers: { 'content-type': 'application/json' }, body }
    },
  }
}

async function makeAccount(name: string, { store, cloud, keys }: Parts): Promise<Credentials> {
  const now = systemClock.now()
  const made = await store.transact(async (tx) => {
    const credentials = await createAccount(tx, name, now, systemRandom)
    await ensureDefaultVpc(tx, credentials.account, { cloud, now, random: systemRandom })
    return credentials
  })
  await certify(store, made, keys)
  return made
}

/** Gives the account a certificate, made where it has none yet. */
export async function certify(store: Store, { account }: Credentials, keys: string): Promise<void> {
  const { certificate } = await ensureKeyFiles(keys, account)
  const pem = await readFile(certificate, 'utf8')
  await store.transact((tx) => keepCertificate(tx, account, pem, systemClock.now()))
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
