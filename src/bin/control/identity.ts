/** Whose keys are good here, and where objects are: this cloud's own affair, or that of the first region, which it joined. */
import { systemClock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { systemRandom } from '../../base/random.ts'
import {
  admitAccount,
  type Credentials,
  credentialsOf,
  ensureFirstAccount,
  findAccessKey,
  firstCredentials,
} from '../../control/accounts/accounts.ts'
import { certificatesOf } from '../../control/accounts/certificates.ts'
import { ensureDefaultVpc } from '../../control/vpcs/default-vpc.ts'
import type { AccessKey, LookupKey } from '../../iam/credentials.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Elsewhere } from '../../s3/elsewhere.ts'
import { KeptReads } from '../../store/kept-reads.ts'
import { type ForeignStore, openForeignStore } from '../../store/open.ts'
import type { Reader, Store } from '../../store/store.ts'
import { readElsewhereFile } from '../elsewhere.ts'
import { endpointNow, homeOf, type Place } from '../joining.ts'

export interface Identity extends AsyncDisposable {
  /** The first account's. */
  readonly credentials: Credentials
  readonly lookup: LookupKey
  readonly certificates: (account: AccountId) => Promise<readonly string[]>
  /** The folder of the cloud's key, and of accounts'. */
  readonly keys: string
  /** Where objects are that are not here, and by whose keys they are read. */
  readonly elsewhere: ((account: AccountId) => Promise<Elsewhere>) | undefined
  /** Whether that is a store of ours, which guests reach at their own routers. */
  readonly forGuests: boolean
}

/** Keys as they are at each moment, whether or not the first region's control plane lives. */
export async function openIdentity(place: Place, store: Store, cloud: Cloud): Promise<Identity> {
  const written = await readElsewhereFile(place.paths.objectsElsewhere)
  const elsewhere = written && (async () => written)
  return place.settings.join === undefined
    ? ownIdentity(place, store, cloud, elsewhere)
    : joinedIdentity(await homeOf(place), store, cloud, elsewhere)
}

async function ownIdentity(
  { paths }: Place,
  store: Store,
  cloud: Cloud,
  elsewhere: Identity['elsewhere'],
): Promise<Identity> {
  const now = systemClock.now()
  const credentials = await store.transact(async (tx) => {
    const first = await ensureFirstAccount(tx, now, systemRandom)
    await ensureDefaultVpc(tx, first.account, { cloud, now, random: systemRandom })
    return first
  })
  const keys = new KeptReads<AccessKey | undefined>(store, ['accessKeys.id'], { entries: 1000, bytes: 2 ** 20 })
  const lookup: LookupKey = async (id, token) => {
    const name = JSON.stringify([id, token])
    const find = async (reader: Reader) => {
      const value = await findAccessKey(reader, id, token)
      return { value, rests: [id], ...(value && { bytes: name.length }) }
    }
    return keys.get(name) ?? keys.read(name, find)
  }
  return {
    ...{ credentials, elsewhere, keys: paths.keys, forGuests: !elsewhere, lookup },
    certificates: (account) => store.read((reader) => certificatesOf(reader, account)),
    [Symbol.asyncDispose]: async () => keys[Symbol.dispose](),
  }
}

async function joinedIdentity(
  home: Place,
  store: Store,
  cloud: Cloud,
  elsewhere: Identity['elsewhere'],
): Promise<Identity> {
  await using opened = new AsyncDisposableStack()
  const kept = opened.use(storeOf(home))
  const credentials = await kept.read(firstCredentials)
  if (!credentials) throw new Fault(`The cloud in ${home.paths.data} has no account yet: start it once.`)
  const writtenThere = await readElsewhereFile(home.paths.objectsElsewhere)
  const admit = admission(kept, store, cloud)
  await admit(credentials.account)
  const resources = opened.move()
  return {
    ...{ credentials, keys: home.paths.keys, forGuests: !elsewhere && !writtenThere },
    elsewhere: elsewhere ?? ((account) => objectsOf(home, kept, account)),
    async lookup(id, token) {
      const key = await kept.read((reader) => findAccessKey(reader, id, token))
      if (key) await admit(key.caller.account)
      return key
    },
    certificates: (account) => kept.read((reader) => certificatesOf(reader, account)),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Gives each account what it has in every region, when it first comes to this one. */
function admission(kept: ForeignStore, store: Store, cloud: Cloud): (account: AccountId) => Promise<void> {
  const admitted = new Set<AccountId>()
  return async (id) => {
    if (admitted.has(id)) return
    const account = await kept.read(({ db }) =>
      db.selectFrom('accounts').select(['id', 'name']).where('id', '=', id).executeTakeFirstOrThrow(),
    )
    const now = systemClock.now()
    await store.transact(async (tx) => {
      await admitAccount(tx, account, now)
      await ensureDefaultVpc(tx, id, { cloud, now, random: systemRandom })
    })
    admitted.add(id)
  }
}

/** The first region's objects as the account itself may read them. */
async function objectsOf(home: Place, kept: ForeignStore, account: AccountId): Promise<Elsewhere> {
  const written = await readElsewhereFile(home.paths.objectsElsewhere)
  if (written) return written
  const credentials = await kept.read((reader) => credentialsOf(reader, account))
  if (!credentials) throw new Fault(`the account ${account} has no key`)
  return { ...credentials, url: await endpointNow(home), region: home.settings.region }
}

function storeOf({ paths }: Place): ForeignStore {
  try {
    return openForeignStore(paths.store)
  } catch (cause) {
    throw new Fault(`The cloud in ${paths.data} has no accounts yet: start it once.`, { cause })
  }
}
